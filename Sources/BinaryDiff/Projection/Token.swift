internal import Bytes

/// Hashes that stand for what fields point at (FNV-1a, 32 bits).
enum Token {
  /// Of something that has no bytes, and no section either.
  static let nowhere: UInt32 = 7
  /// How many bytes say what a place is.
  static let contextLength = 16

  private static let basis: UInt32 = 2_166_136_261
  private static let prime: UInt32 = 16_777_619

  /// Of a name; never 0.
  static func name(_ name: [UInt8]) -> UInt32 {
    name.reduce(basis) { ($0 ^ UInt32($1)) &* prime } | 1
  }

  /// Of numbers; never 0.
  static func combine(_ one: UInt32, _ other: UInt32, _ third: UInt32) -> UInt32 {
    var hash = (basis ^ one) &* prime
    hash = (hash ^ other ^ hash &>> 15) &* prime
    hash = (hash ^ third ^ hash &>> 13) &* prime
    return (hash ^ hash &>> 16) | 1
  }

  /// Of the bytes at a place, which may be outside; never 0.
  static func context(_ bytes: RawSpan, at offset: Int) -> UInt32 {
    var hash = basis
    let start = min(max(offset, 0), bytes.byteCount)
    for at in start..<min(start &+ contextLength, bytes.byteCount) {
      hash = (hash ^ UInt32(bytes[at])) &* prime
    }
    return (hash ^ hash &>> 15) | 1
  }
}
