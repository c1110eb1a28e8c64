internal import Bytes
internal import CCRC32C

/// The checksum of commands: CRC-32C (Castagnoli) that starts from zero and is not inverted.
///
/// This is the kernel's `btrfs_crc32c(0, …)`, not the usual finish with two inversions:
/// `123456789` gives 0x58e3fa20.
public struct CRC32C: Sendable {
  /// The checksum of the bytes so far.
  public private(set) var value: UInt32

  private static let hasInstruction = ccrc32c_available() != 0

  /// The checksum of no bytes, or of bytes that gave `value`.
  public init(_ value: UInt32 = 0) { self.value = value }

  /// Takes more bytes in.
  ///
  /// - Complexity: O(*n*): the processor's instruction where there is one, else eight table look-ups
  ///   for eight bytes.
  public mutating func update(_ bytes: RawSpan) {
    if Self.hasInstruction {
      let start = value
      value = unsafe bytes.withUnsafeBytes {
        unsafe ccrc32c_update(start, $0.baseAddress, $0.count)
      }
    } else {
      updateByTable(bytes)
    }
  }

  /// Takes the bytes of an integer in, the lowest first.
  mutating func update<T: FixedWidthInteger & BitwiseCopyable>(littleEndian integer: T) {
    unsafe withUnsafeBytes(of: integer.littleEndian) { unsafe update($0.bytes) }
  }

  /// Tables for eight bytes at a time ("slicing by 8", Kounavis and Berry 2005), one after the
  /// other.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for byte in 0..<256 {
      var crc = tables[byte]
      for slice in 1..<8 {
        crc = tables[Int(crc & 0xff)] ^ crc >> 8
        tables[slice * 256 + byte] = crc
      }
    }
    return tables
  }()

  /// The way without the instruction, which tests compare with it.
  mutating func updateByTable(_ bytes: RawSpan) {
    let tables = Self.tables.span
    var crc = value
    var at = 0
    while at &+ 8 <= bytes.byteCount {
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let mixed = word.littleEndian ^ UInt64(crc)
      crc = 0
      for slice in 0..<8 {
        let byte = Int(truncatingIfNeeded: mixed &>> UInt64(8 &* slice)) & 0xff
        crc ^= tables[(7 &- slice) &* 256 &+ byte]
      }
      at &+= 8
    }
    while at < bytes.byteCount {
      crc = tables[Int((crc ^ UInt32(bytes[at])) & 0xff)] ^ crc >> 8
      at &+= 1
    }
    value = crc
  }
}
