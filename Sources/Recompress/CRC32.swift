internal import Bytes

/// The CRC-32 of gzip, zip and PNG, eight bytes a step.
struct CRC32 {
  private var state: UInt32 = 0xffff_ffff

  /// The checksum of the bytes so far.
  var value: UInt32 { ~state }

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xedb8_8320 }
      tables[byte] = value
    }
    for index in 256..<tables.count {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 255)]
    }
    return tables
  }()

  /// Adds bytes.
  mutating func update(_ bytes: RawSpan) {
    let allTables = Self.tables
    let tables = allTables.span
    var state = state
    var at = 0
    while at &+ 8 <= bytes.byteCount {
      let word =
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
        .littleEndian ^ UInt64(state)
      state = 0
      for byte in 0..<8 {
        let index = Int(truncatingIfNeeded: word &>> UInt64(8 &* byte) & 255)
        state ^= tables[(7 &- byte) &* 256 &+ index]
      }
      at &+= 8
    }
    while at < bytes.byteCount {
      state = state &>> 8 ^ tables[Int((state ^ UInt32(bytes[at])) & 255)]
      at &+= 1
    }
    self.state = state
  }
}

/// The Adler-32 of zlib.
struct Adler32 {
  private var low: UInt32 = 1
  private var high: UInt32 = 0
  private static let modulus: UInt32 = 65521
  /// How many bytes can be added before a sum overflows.
  private static let longestRun = 5552

  /// The checksum of the bytes so far.
  var value: UInt32 { high << 16 | low }

  /// Adds bytes.
  mutating func update(_ bytes: RawSpan) {
    var (low, high) = (low, high)
    var at = 0
    while at < bytes.byteCount {
      let end = min(at &+ Self.longestRun, bytes.byteCount)
      while at < end {
        low &+= UInt32(bytes[at])
        high &+= low
        at &+= 1
      }
      low %= Self.modulus
      high %= Self.modulus
    }
    (self.low, self.high) = (low, high)
  }
}
