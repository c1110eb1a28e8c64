internal import CLinux
public import Linux

/// An extent that is written as it is compressed (`struct btrfs_ioctl_encoded_io_args`).
public struct EncodedExtent: Hashable, Sendable {
  /// Where in the file, in bytes.
  public var offset: UInt64
  /// How many bytes of the file.
  public var length: UInt64
  /// How many bytes all of the extent decompresses to.
  public var unencodedLength: UInt64
  /// Where in these the file's begin.
  public var unencodedOffset: UInt64
  /// `BTRFS_ENCODED_IO_COMPRESSION_…`
  public var compression: UInt32

  /// An extent of five numbers.
  public init(
    offset: UInt64, length: UInt64, unencodedLength: UInt64, unencodedOffset: UInt64,
    compression: UInt32
  ) {
    self.offset = offset
    self.length = length
    self.unencodedLength = unencodedLength
    self.unencodedOffset = unencodedOffset
    self.compression = compression
  }

  /// Writes it (`BTRFS_IOC_ENCODED_WRITE`). Needs `CAP_SYS_ADMIN`.
  ///
  /// The kernel does not look whether the data decompresses: if not, reading it fails later.
  ///
  /// - Throws: `EINVAL` for what the kernel does not take so, such as an extent that is no shorter
  ///   for being compressed, or one for a file without checksums; `ENOTTY` by a kernel before 5.18
  ///   and another file system; `EIO` if not all was written.
  public func write(_ data: RawSpan, to file: borrowing Descriptor) throws(SystemError) {
    let (fd, path) = (file.rawValue, file.path)
    guard offset <= UInt64(Int64.max) else {
      throw SystemError(operation: "BTRFS_IOC_ENCODED_WRITE", path: path, errno: .invalidArgument)
    }
    let written = try unsafe data.withUnsafeBytes { (data) throws(SystemError) -> Int in
      let (start, size) = (data.baseAddress, data.count)
      return try systemCall("BTRFS_IOC_ENCODED_WRITE", .changes, path: path) {
        unsafe clinux_btrfs_encoded_write(
          fd, start, size, offset, length, unencodedLength, unencodedOffset, compression)
      }
    }
    // One extent: all of it, or an error.
    guard written == data.byteCount else {
      throw SystemError(operation: "BTRFS_IOC_ENCODED_WRITE", path: path, errno: .inputOutput)
    }
  }
}
