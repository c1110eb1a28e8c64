internal import Bytes

/// Writes bits as deflate orders them: the lowest first.
struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var held: UInt64 = 0
  private var heldCount: UInt64 = 0

  /// How many bits were written since the bytes were last taken, those included that fill no byte.
  var bitCount: Int { bytes.count &* 8 &+ Int(heldCount) }

  /// Writes the lowest `count` bits, at most 32, of `value`, which has no others.
  mutating func write(_ value: UInt32, _ count: Int) {
    held |= UInt64(value) &<< heldCount
    heldCount &+= UInt64(truncatingIfNeeded: count)
    while heldCount >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: held))
      held &>>= 8
      heldCount &-= 8
    }
  }

  /// Writes bits that another writer made.
  mutating func write(_ bits: RecordedBits) {
    for (index, byte) in bits.bytes.enumerated() {
      write(UInt32(byte), min(8, bits.count &- index &* 8))
    }
  }

  /// Fills the last byte with zeros.
  mutating func align() { if heldCount > 0 { write(0, 8 &- Int(heldCount)) } }

  /// Writes whole bytes; the writer must be aligned.
  mutating func write(bytes more: RawSpan) { bytes.append(copying: more) }

  /// Gives the whole bytes away.
  mutating func takeBytes() -> [UInt8] {
    let taken = bytes
    bytes = []
    return taken
  }

  /// All bits so far, the last byte filled with zeros.
  func recorded() -> RecordedBits {
    var all = bytes
    if heldCount > 0 { all.append(UInt8(truncatingIfNeeded: held)) }
    return RecordedBits(bytes: all, count: bitCount)
  }

  /// Writes tokens with their codes. A code is its bits, reversed, above five bits of length.
  mutating func write(tokens: Span<DeflateToken>, literals: Span<UInt32>, distances: Span<UInt32>) {
    var (held, heldCount) = (self.held, self.heldCount)
    let lengthSymbols = DeflateSymbols.symbolOfLength
    let lengthBases = DeflateSymbols.lengthBases
    let lengthSpan = lengthSymbols.span
    let baseSpan = lengthBases.span
    // 48 bits a token at most, and what was held.
    bytes.append(addingCapacity: tokens.count &* 6 &+ 16) { output in
      for index in tokens.indices {
        let token = tokens[index]
        if token.isLiteral {
          let code = literals[Int(token.rawValue)]
          held |= UInt64(code &>> 5) &<< heldCount
          heldCount &+= UInt64(code & 31)
        } else {
          let symbol = Int(lengthSpan[token.length &- 3])
          let code = literals[257 &+ symbol]
          held |= UInt64(code &>> 5) &<< heldCount
          heldCount &+= UInt64(code & 31)
          held |= UInt64(truncatingIfNeeded: token.length &- baseSpan[symbol]) &<< heldCount
          heldCount &+= UInt64(
            truncatingIfNeeded: symbol < 8 || symbol == 28 ? 0 : (symbol &- 4) &>> 2)
          // Up to 7 bits held before, and 20 now.
          let distanceSymbol = DeflateSymbols.distanceSymbol(token.distance)
          let distanceCode = distances[distanceSymbol]
          held |= UInt64(distanceCode &>> 5) &<< heldCount
          heldCount &+= UInt64(distanceCode & 31)
          let extra = DeflateSymbols.distanceExtraBits(distanceSymbol)
          let rest = UInt64(truncatingIfNeeded: token.distance &- 1) & (1 &<< UInt64(extra) &- 1)
          held |= rest &<< heldCount
          heldCount &+= UInt64(truncatingIfNeeded: extra)
        }
        while heldCount >= 8 {
          output.append(UInt8(truncatingIfNeeded: held))
          held &>>= 8
          heldCount &-= 8
        }
      }
    }
    (self.held, self.heldCount) = (held, heldCount)
  }
}

/// A run of bits.
struct RecordedBits: Hashable, Sendable {
  /// The bits, the lowest first; the last byte is filled with zeros.
  var bytes: [UInt8]
  var count: Int
}
