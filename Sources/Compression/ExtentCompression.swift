/// How btrfs has compressed an extent: `BTRFS_ENCODED_IO_COMPRESSION_…`.
public enum ExtentCompression: UInt32, Hashable, Sendable, CaseIterable {
  /// One zlib stream.
  case zlib = 1
  /// One zstd frame.
  case zstd = 2
  /// LZO1X in segments, of a file system with sectors of 4 KiB.
  case lzo4K = 3
  /// The same with sectors of 8 KiB.
  case lzo8K = 4
  /// The same with sectors of 16 KiB.
  case lzo16K = 5
  /// The same with sectors of 32 KiB.
  case lzo32K = 6
  /// The same with sectors of 64 KiB.
  case lzo64K = 7

  /// How long an extent is at most, compressed or not, in bytes: `BTRFS_MAX_COMPRESSED` and
  /// `BTRFS_MAX_UNCOMPRESSED`.
  public static let maximumLength = 128 << 10

  /// For LZO: how long sectors are, in bytes, which is what a segment decompresses to.
  var sectorLength: Int? {
    rawValue >= Self.lzo4K.rawValue ? 4096 << Int(rawValue - Self.lzo4K.rawValue) : nil
  }
}
