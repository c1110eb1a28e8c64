/// A canonical Huffman code, to be read: a table for the short codes, counting for the long ones.
struct HuffmanDecoder {
  static let tableBits: UInt64 = 10
  static let longest = 15

  /// Of the next ``tableBits`` bits: the symbol above four bits of length; 0 for a longer code.
  private(set) var table: [UInt16]
  /// How many codes there are of each length.
  private(set) var counts: [UInt16]
  /// The symbols, by length, then by number.
  private(set) var symbols: [UInt16]

  /// A code from its lengths: `nil` if they promise more codes than there are, or fewer; but a
  /// single code of one bit, or none at all, may stand alone.
  init?(_ lengths: [UInt8]) {
    counts = [UInt16](repeating: 0, count: Self.longest + 1)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var left = 1
    for length in 1...Self.longest {
      left = left * 2 - Int(counts[length])
      if left < 0 { return nil }
    }
    let total = counts.reduce(0) { $0 + Int($1) }
    guard left == 0 || total == 0 || total == 1 && counts[1] == 1 else { return nil }

    var starts = [Int](repeating: 0, count: Self.longest + 2)
    for length in 1...Self.longest { starts[length + 1] = starts[length] + Int(counts[length]) }
    symbols = [UInt16](repeating: 0, count: total)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      symbols[starts[Int(length)]] = UInt16(symbol)
      starts[Int(length)] += 1
    }
    table = [UInt16](repeating: 0, count: 1 << Int(Self.tableBits))
    let codes = CodeLengths.codes(lengths)
    for (symbol, code) in codes.enumerated() where code != 0 && UInt64(code & 31) <= Self.tableBits
    {
      let step = 1 << Int(code & 31)
      let entry = UInt16(symbol) << 4 | UInt16(code & 31)
      for index in stride(from: Int(code >> 5), to: table.count, by: step) { table[index] = entry }
    }
  }

  /// Reads a symbol from bits of which the lowest comes first: the symbol above four bits of
  /// length, 0 if no code begins like that.
  @inline(__always)
  static func entry(
    _ bits: UInt64, _ table: Span<UInt16>, _ counts: Span<UInt16>, _ symbols: Span<UInt16>
  ) -> UInt16 {
    let entry = unsafe table[unchecked: Int(bits & (1 &<< tableBits &- 1))]
    return entry != 0 ? entry : longEntry(bits, counts, symbols)
  }

  @inline(never)
  private static func longEntry(
    _ bits: UInt64, _ counts: Span<UInt16>, _ symbols: Span<UInt16>
  ) -> UInt16 {
    var (code, first, index) = (0, 0, 0)
    var rest = bits
    for length in 1...longest {
      code |= Int(rest & 1)
      rest &>>= 1
      let count = Int(counts[length])
      if code &- first < count {
        return symbols[index &+ code &- first] &<< 4 | UInt16(length)
      }
      index &+= count
      first = (first &+ count) &<< 1
      code &<<= 1
    }
    return 0
  }
}
