/// A literal byte, or a copy of bytes that came before: what deflate's Huffman codes stand for.
struct DeflateToken: Hashable, Sendable {
  /// A literal: the byte. A match: the length in the high half, the distance less one in the low.
  var rawValue: UInt32

  @inline(__always)
  init(rawValue: UInt32) { self.rawValue = rawValue }

  @inline(__always)
  static func literal(_ byte: UInt8) -> DeflateToken { DeflateToken(rawValue: UInt32(byte)) }

  /// A match of `length` (3 to 258) bytes, `distance` (1 to 32768) bytes back.
  @inline(__always)
  static func match(length: Int, distance: Int) -> DeflateToken {
    DeflateToken(
      rawValue: UInt32(truncatingIfNeeded: length) &<< 16
        | UInt32(truncatingIfNeeded: distance &- 1))
  }

  @inline(__always) var isLiteral: Bool { rawValue < 0x1_0000 }
  /// How many bytes the token stands for.
  @inline(__always) var byteCount: Int { isLiteral ? 1 : Int(rawValue &>> 16) }
  /// Of a match.
  @inline(__always) var length: Int { Int(rawValue &>> 16) }
  /// Of a match.
  @inline(__always) var distance: Int { Int(rawValue & 0xffff) &+ 1 }
}

/// The symbols and extra bits of RFC 1951, section 3.2.5.
enum DeflateSymbols {
  static let literals = 286
  static let distances = 30
  static let codeLengths = 19
  static let endOfBlock = 256
  static let lengthRange = 3...258
  static let distanceRange = 1...32768
  /// The order in which the lengths of the code length code are written.
  static let codeLengthOrder: [Int] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]

  /// The shortest length of each length symbol from 257 on.
  static let lengthBases: [Int] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]

  /// How many extra bits follow the length symbol `257 + index`.
  static func lengthExtraBits(_ index: Int) -> Int {
    index < 8 || index == 28 ? 0 : (index &- 4) / 4
  }

  /// How many extra bits follow a distance symbol.
  @inline(__always)
  static func distanceExtraBits(_ symbol: Int) -> Int { symbol < 4 ? 0 : (symbol &- 2) &>> 1 }

  /// The shortest distance of each distance symbol.
  static let distanceBases: [Int] = (0..<distances).map {
    $0 < 4 ? $0 + 1 : (2 + $0 % 2) << distanceExtraBits($0) + 1
  }

  /// The symbol of each length from 3 on, less 257.
  static let symbolOfLength: [UInt8] = {
    var symbols: [UInt8] = []
    for length in lengthRange {
      symbols.append(UInt8((lengthBases.lastIndex { $0 <= length }) ?? 0))
    }
    return symbols
  }()

  /// The symbol of a distance.
  @inline(__always)
  static func distanceSymbol(_ distance: Int) -> Int {
    let rest = UInt32(truncatingIfNeeded: distance &- 1)
    if rest < 4 { return Int(rest) }
    let top = 31 &- rest.leadingZeroBitCount
    return 2 &* top &+ Int((rest &>> UInt32(truncatingIfNeeded: top &- 1)) & 1)
  }

  /// The lengths of the fixed literal code.
  static let fixedLiteralLengths: [UInt8] =
    [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
    + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
  /// The lengths of the fixed distance code.
  static let fixedDistanceLengths = [UInt8](repeating: 5, count: 32)
}
