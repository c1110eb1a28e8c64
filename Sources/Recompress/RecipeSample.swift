internal import Bytes

/// Bytes that every release makes alike: words, records, runs and noise, so that an encoder meets all
/// of its cases.
enum RecipeSample {
  /// The bytes that recipes are tried with. Part of the format: see ``RecipeSelfTest``.
  static let bytes = make(count: 192 << 10)

  /// The first `count` bytes of the sequence.
  static func make(count: Int) -> [UInt8] {
    var random = Generator()
    let words = (0..<400).map { _ in random.word() }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 4096)
    while bytes.count < count {
      switch random.number(below: 8) {
      case 0: bytes += (0..<random.number(below: 3000)).map { _ in random.byte() }
      case 1: bytes += [UInt8](repeating: random.byte(), count: random.number(below: 2000))
      case 2: random.addRecords(to: &bytes)
      default:
        for _ in 0..<200 {
          bytes += words[random.number(below: 1 + random.number(below: words.count))]
          bytes.append(random.number(below: 12) == 0 ? 0x0a : 0x20)
        }
      }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// What recipes of a kind are tried with.
  static func opened(_ kind: RecipeKind) -> [UInt8] {
    switch kind {
    case .deflate, .xz, .zstd: bytes
    case .bitstream: bitstream
    case .messages: messages
    }
  }

  /// What the view of a message catalog looks like: the bytes in pieces, an even number of them, without
  /// their zeros. Part of the format, too.
  static let messages: [UInt8] = {
    var opened: [UInt8] = []
    var count = 0
    var rest = bytes[...]
    while let first = rest.first {
      let piece = rest.prefix(2 + Int(first & 63))
      rest = rest.dropFirst(piece.count)
      opened += piece.map { $0 == 0 ? 2 : $0 }
      opened.append(0)
      count += 1
    }
    return count & 1 == 0 ? opened : opened + [0]
  }()

  /// What an opened bitstream with the bytes in it looks like: one block of records, spelled in both ways.
  /// Part of the format, too.
  static let bitstream: [UInt8] = {
    // A block of kind 8, whose abbreviations' numbers have 3 bits. An abbreviation of three operands: the code 7,
    // an array, of numbers of 7 bits.
    var opened = BitstreamReader.magic + [1, 8, 3, 0] + [2, 3, 1, 7, 0, 3, 0, 1, 7]
    var rest = bytes[...]
    while let first = rest.first {
      let some = rest.prefix(1 + Int(first))
      rest = rest.dropFirst(some.count)
      opened.append(first & 1 == 0 ? 4 : 3)
      if first & 1 != 0 { opened.append(first & 127) }
      opened.append(varint: UInt64(some.count))
      for byte in some {
        opened.append(varint: first & 1 == 0 ? UInt64(byte & 127) : UInt64(byte) &* 0x01_0101)
      }
    }
    return opened + [0]
  }()

  /// A generator of our own, so that the sample never changes (SplitMix64).
  private struct Generator {
    var state: UInt64 = 0x6274_7266_7364_656c

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    mutating func number(below limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

    mutating func word() -> [UInt8] {
      (0...(1 + number(below: 9))).map { _ in UInt8(0x61 + number(below: 26)) }
    }

    mutating func addRecords(to bytes: inout [UInt8]) {
      let first = next()
      for index in 0..<UInt64(60) {
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: first &+ index * 24))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: next() & 0xff))
        bytes.append(littleEndian: UInt64(index))
      }
    }
  }
}
