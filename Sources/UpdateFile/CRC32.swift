/// The CRC-32 of `.xz` files (IEEE 802.3, reflected; the polynomial is 0xEDB88320).
///
/// The head has its own so that none of its bytes reaches liblzma.
struct CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    var value = UInt32(byte)
    for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    return value
  }

  /// The checksum of some bytes.
  static func checksum(_ bytes: RawSpan) -> UInt32 {
    let table = table.span
    var value: UInt32 = .max
    for offset in 0..<bytes.byteCount {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      value = value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
    }
    return ~value
  }
}
