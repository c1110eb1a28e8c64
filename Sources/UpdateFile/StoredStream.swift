internal import Bytes

/// The one outer form of a head: an xz Stream of a single Block in LZMA2 chunks that hold their
/// bytes as they are.
///
/// ```
/// header       12  FD "7zXZ" 00, flags 00 01 (check: CRC-32), CRC-32 of the flags
/// Block header 12  02 (12 bytes), 00 (one filter, no sizes), 21 01 08 (LZMA2, 64 KiB), 00 00 00,
///                  CRC-32 of the eight bytes
/// chunks           01 (the first: resets the dictionary) or 02, length - 1 (16 bits, big-endian),
///                  the bytes: 65,536 of them in every chunk but the last
/// end           1  00
/// padding          00 to a multiple of four
/// check         4  CRC-32 of the contents
/// Index            00, 01 (one Block), its length without padding, the contents' length (both in
///                  base 128, the lowest seven bits first), padding, CRC-32 of the Index
/// footer       12  CRC-32 of what follows, length of the Index / 4 - 1, flags 00 01, "YZ"
/// ```
enum StoredStream {
  static let maximumChunkLength = 1 << 16
  static let magic: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
  private static let flags: [UInt8] = [0x00, 0x01]

  /// The Stream header and the Block header.
  static let header: [UInt8] =
    magic + withChecksum(flags) + withChecksum([0x02, 0x00, 0x21, 0x01, 0x08, 0x00, 0x00, 0x00])

  /// What the first byte of a chunk must be.
  static func control(isFirst: Bool) -> UInt8 { isFirst ? 0x01 : 0x02 }

  /// The whole Stream.
  static func encoded(_ contents: RawSpan) -> [UInt8] {
    var bytes = header
    var at = 0
    while at < contents.byteCount {
      let count = min(maximumChunkLength, contents.byteCount - at)
      bytes.append(control(isFirst: at == 0))
      bytes.append(littleEndian: UInt16(truncatingIfNeeded: count - 1).byteSwapped)
      bytes.append(copying: contents.extracting(at..<(at + count)))
      at += count
    }
    bytes.append(0x00)
    return bytes + tail(of: contents)
  }

  /// What follows the end marker, which the contents determine.
  static func tail(of contents: RawSpan) -> [UInt8] {
    let chunks = (contents.byteCount + maximumChunkLength - 1) / maximumChunkLength
    let dataLength = contents.byteCount + 3 * chunks + 1
    var bytes = padding(after: dataLength)
    bytes.append(littleEndian: CRC32.checksum(contents))
    let blockHeaderLength = 12
    let checkLength = 4
    var index: [UInt8] = [0x00, 0x01]
    index.append(varint: UInt64(blockHeaderLength + dataLength + checkLength))
    index.append(varint: UInt64(contents.byteCount))
    index = withChecksum(index + padding(after: index.count))
    bytes += index
    var footer: [UInt8] = []
    footer.append(littleEndian: UInt32(index.count / 4 - 1))
    footer += flags
    bytes.append(littleEndian: CRC32.checksum(footer.rawSpan))
    return bytes + footer + Array("YZ".utf8)
  }

  private static func padding(after length: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (4 - length % 4) % 4)
  }

  private static func withChecksum(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes.append(littleEndian: CRC32.checksum(bytes.rawSpan))
    return bytes
  }
}
