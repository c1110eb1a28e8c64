import Linux

/// The super blocks of a device's image, as far as they say which file system it is.
///
/// The kernel takes two images with the same UUID for one file system. It gives the second one that
/// is mounted another UUID, but only if both do not come at the same time; on a busy machine they
/// do, and then one cannot be mounted, or loses its device. So each copy gets a UUID of its own,
/// beside that which its blocks go on having (`METADATA_UUID`). Nothing else is touched.
enum SuperBlock {
  /// Where they are (`btrfs_sb_offset`), in bytes; the second only on disks that long.
  private static let offsets: [UInt64] = [64 << 10, 64 << 20]
  private static let length = 4096
  private static let magic = Array("_BHRfS_M".utf8)

  // Where in it (`struct btrfs_super_block`).
  private static let checksummed = 0x20
  private static let fsid = 0x20
  private static let magicPlace = 0x40
  private static let incompatFlags = 0xbc
  private static let metadataUUID = 0x23b
  /// `BTRFS_FEATURE_INCOMPAT_METADATA_UUID`: 1 << 10.
  private static let metadataUUIDBit: (place: Int, bit: UInt8) = (1, 4)

  /// Gives an image a UUID that no other has.
  static func renew(_ image: borrowing Descriptor) throws {
    let uuid = (0..<16).map { _ in UInt8.random(in: 0...255) }
    let size = try image.status().size
    for offset in offsets where offset + UInt64(length) <= size {
      var block = try image.bytes(at: offset, count: length)
      guard Array(block[magicPlace..<(magicPlace + magic.count)]) == magic else { continue }
      renew(&block, uuid)
      try image.write(block.rawSpan, at: offset)
    }
  }

  private static func renew(_ block: inout [UInt8], _ uuid: [UInt8]) {
    let flags = incompatFlags + metadataUUIDBit.place
    if block[flags] & metadataUUIDBit.bit == 0 {
      block[flags] |= metadataUUIDBit.bit
      block.replaceSubrange(
        metadataUUID..<(metadataUUID + 16), with: Array(block[fsid..<(fsid + 16)]))
    }
    block.replaceSubrange(fsid..<(fsid + 16), with: uuid)
    let checksum = crc32c(block[checksummed...])
    for index in 0..<4 { block[index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
  }

  /// The checksum that `mkfs.btrfs` uses unless it is told otherwise.
  private static func crc32c(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }
}
