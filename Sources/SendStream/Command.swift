public import Bytes

/// One of btrfs's own commands with its attributes.
///
/// Paths and data borrow the reader's buffer. Paths are bytes relative to the subvolume's root,
/// without a leading slash; the empty path is the root itself. Nothing here checks a path: who
/// carries a command out has to.
public enum Command: ~Escapable {
  /// SUBVOL: a new subvolume, and the start of a full stream.
  case subvolume(path: RawSpan, uuid: SubvolumeUUID, ctransid: UInt64)
  /// SNAPSHOT: a new snapshot of a parent, and the start of an incremental stream.
  case snapshot(
    path: RawSpan, uuid: SubvolumeUUID, ctransid: UInt64, parentUUID: SubvolumeUUID,
    parentCtransid: UInt64)
  /// MKFILE: a new empty file.
  case makeFile(path: RawSpan, inode: UInt64)
  /// MKDIR: a new directory.
  case makeDirectory(path: RawSpan, inode: UInt64)
  /// MKNOD: a new device; `mode` holds the type, `device` is the kernel's `new_encode_dev`.
  case makeNode(path: RawSpan, inode: UInt64, device: UInt64, mode: UInt64)
  /// MKFIFO: a new named pipe.
  case makeFIFO(path: RawSpan, inode: UInt64, device: UInt64, mode: UInt64)
  /// MKSOCK: a new socket.
  case makeSocket(path: RawSpan, inode: UInt64, device: UInt64, mode: UInt64)
  /// SYMLINK: a new symbolic link to `target`.
  case symlink(path: RawSpan, inode: UInt64, target: RawSpan)
  /// RENAME
  case rename(path: RawSpan, to: RawSpan)
  /// LINK: one more name, `path`, for the file `existing`.
  case link(path: RawSpan, existing: RawSpan)
  /// UNLINK
  case unlink(path: RawSpan)
  /// RMDIR
  case removeDirectory(path: RawSpan)
  /// SET_XATTR
  case setXattr(path: RawSpan, name: RawSpan, value: RawSpan)
  /// REMOVE_XATTR
  case removeXattr(path: RawSpan, name: RawSpan)
  /// WRITE
  case write(path: RawSpan, offset: UInt64, data: RawSpan)
  /// CLONE: `length` bytes of `sourcePath` in the subvolume `sourceUUID` are shared with `path`.
  case clone(
    path: RawSpan, offset: UInt64, length: UInt64, sourceUUID: SubvolumeUUID,
    sourceCtransid: UInt64, sourcePath: RawSpan, sourceOffset: UInt64)
  /// TRUNCATE
  case truncate(path: RawSpan, size: UInt64)
  /// CHMOD: the permission bits.
  case changeMode(path: RawSpan, mode: UInt64)
  /// CHOWN
  case changeOwner(path: RawSpan, uid: UInt64, gid: UInt64)
  /// UTIMES; the creation time only from version 2 on.
  case setTimes(
    path: RawSpan, access: Timespec, modification: Timespec, change: Timespec,
    creation: Timespec?)
  /// END of a stream.
  case end
  /// UPDATE_EXTENT: stands for a WRITE in a stream without file data.
  case updateExtent(path: RawSpan, offset: UInt64, size: UInt64)
  /// FALLOCATE (version 2): `mode` as of fallocate(2).
  case allocate(path: RawSpan, mode: UInt32, offset: UInt64, size: UInt64)
  /// FILEATTR (version 2): the inode's `BTRFS_INODE_…` flags.
  case setFileAttributes(path: RawSpan, flags: UInt64)
  /// ENCODED_WRITE (version 2): data as it is compressed on disk.
  case encodedWrite(
    path: RawSpan, offset: UInt64, encoding: DataEncoding, data: RawSpan)
  /// ENABLE_VERITY (version 3)
  case enableVerity(
    path: RawSpan, algorithm: UInt8, blockSize: UInt32, salt: RawSpan, signature: RawSpan)
}

/// How the data of an ENCODED_WRITE becomes file contents: decoded to ``unencodedLength`` bytes, of
/// which ``unencodedFileLength`` from ``unencodedOffset`` on are written.
public struct DataEncoding: Hashable, Sendable {
  /// How many bytes of the file are written.
  public var unencodedFileLength: UInt64
  /// How many bytes the data decodes to.
  public var unencodedLength: UInt64
  /// Where in them the written ones begin.
  public var unencodedOffset: UInt64
  /// `BTRFS_ENCODED_IO_COMPRESSION_…`; absent means none, 0.
  public var compression: UInt32?
  /// `BTRFS_ENCODED_IO_ENCRYPTION_…`; absent means none, 0.
  public var encryption: UInt32?

  /// An encoding from its five attributes.
  public init(
    unencodedFileLength: UInt64, unencodedLength: UInt64, unencodedOffset: UInt64,
    compression: UInt32?, encryption: UInt32?
  ) {
    self.unencodedFileLength = unencodedFileLength
    self.unencodedLength = unencodedLength
    self.unencodedOffset = unencodedOffset
    self.compression = compression
    self.encryption = encryption
  }
}
