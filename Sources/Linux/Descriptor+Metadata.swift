internal import Bytes
internal import CLinux
internal import Glibc

// All of these also work on a descriptor that only names a file (`OpenFlags.path`), so that they
// reach symbolic links, FIFOs and device nodes without following or opening them.
extension Descriptor {
  /// The inode's metadata (`fstat`).
  public func status() throws(SystemError) -> FileStatus {
    var status = stat()
    _ = try systemCall("fstat", .reads, path: path) { unsafe fstat(rawValue, &status) }
    guard let known = FileStatus(status) else {
      throw SystemError(operation: "fstat", path: path, errno: .invalidArgument)
    }
    return known
  }

  /// Sets permissions: `07777` bits (`fchmod`).
  ///
  /// - Throws: `EOPNOTSUPP` for a symbolic link, which has none of its own.
  public func setPermissions(_ permissions: UInt32) throws(SystemError) {
    let mode = mode_t(permissions & 0o7777)
    guard isPathOnly else {
      _ = try systemCall("fchmod", .changes, path: path) { fchmod(rawValue, mode) }
      return
    }
    // Kernels before 6.12 would change a symbolic link's mode on some file systems.
    if try status().type == .symbolicLink {
      throw SystemError(operation: "chmod", path: path, errno: .notSupported)
    }
    _ = try systemCall("chmod", .changes, path: path) { unsafe chmod(procPath, mode) }
  }

  /// Sets owner and group (`fchownat` with `AT_EMPTY_PATH`).
  ///
  /// The kernel clears set-user-ID and set-group-ID bits, and removes `security.capability`.
  public func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
    _ = try systemCall("fchownat", .changes, path: path) {
      unsafe fchownat(rawValue, "", user, group, clinux_at_empty_path)
    }
  }

  /// Sets times; `nil` leaves one as it is (`utimensat` with `AT_EMPTY_PATH`).
  public func setTimes(
    access: FileTime? = nil, modification: FileTime? = nil
  ) throws(SystemError) {
    let omitted = timespec(tv_sec: 0, tv_nsec: Int(clinux_utime_omit))
    let times = [access?.timespec ?? omitted, modification?.timespec ?? omitted]
    _ = try systemCall("utimensat", .changes, path: path) {
      unsafe utimensat(rawValue, "", times, clinux_at_empty_path)
    }
  }

  /// The flags that `chattr` sets (`FS_IOC_GETFLAGS`). Not for ``OpenFlags/path`` descriptors.
  public func inodeFlags() throws(SystemError) -> InodeFlags {
    var flags: UInt32 = 0
    _ = try systemCall("FS_IOC_GETFLAGS", .reads, path: path) {
      unsafe clinux_get_inode_flags(rawValue, &flags)
    }
    return InodeFlags(rawValue: flags)
  }

  /// Sets the flags that `chattr` sets (`FS_IOC_SETFLAGS`). Not for ``OpenFlags/path`` descriptors.
  public func setInodeFlags(_ flags: InodeFlags) throws(SystemError) {
    _ = try systemCall("FS_IOC_SETFLAGS", .changes, path: path) {
      clinux_set_inode_flags(rawValue, flags.rawValue)
    }
  }

  /// What the file system that holds the file has to say about itself (`fstatfs`).
  public func fileSystemStatus() throws(SystemError) -> FileSystemStatus {
    var status = statfs()
    _ = try systemCall("fstatfs", .reads, path: path) { unsafe fstatfs(rawValue, &status) }
    return FileSystemStatus(status)
  }
}

/// Inode flags, as `chattr` sets them.
public struct InodeFlags: OptionSet, Hashable, Sendable {
  /// The `FS_..._FL` bits.
  public let rawValue: UInt32
  /// Flags from `FS_..._FL` bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `FS_COMPR_FL`
  public static let compressed = InodeFlags(rawValue: 0x4)
  /// `FS_SYNC_FL`
  public static let synchronous = InodeFlags(rawValue: 0x8)
  /// `FS_IMMUTABLE_FL`
  public static let immutable = InodeFlags(rawValue: 0x10)
  /// `FS_APPEND_FL`
  public static let appendOnly = InodeFlags(rawValue: 0x20)
  /// `FS_NODUMP_FL`
  public static let noDump = InodeFlags(rawValue: 0x40)
  /// `FS_NOATIME_FL`
  public static let noAccessTime = InodeFlags(rawValue: 0x80)
  /// `FS_DIRSYNC_FL`
  public static let synchronousDirectory = InodeFlags(rawValue: 0x1_0000)
  /// `FS_NOCOMP_FL`
  public static let notCompressed = InodeFlags(rawValue: 0x400)
  /// `FS_NOCOW_FL`
  public static let noCopyOnWrite = InodeFlags(rawValue: 0x80_0000)

  /// Takes some flags over from others, set or not.
  public mutating func keep(_ flags: InodeFlags, of other: InodeFlags) {
    subtract(flags)
    formUnion(other.intersection(flags))
  }

  private static let allLetters: [(InodeFlags, String)] = [
    (.synchronous, "S"), (.synchronousDirectory, "D"), (.immutable, "i"), (.appendOnly, "a"),
    (.noDump, "d"), (.noAccessTime, "A"), (.compressed, "c"), (.noCopyOnWrite, "C"),
    (.notCompressed, "m"),
  ]

  /// The letters that `chattr` and `lsattr` have for the flags, in the order of `lsattr`.
  public var letters: String {
    Self.allLetters.filter { contains($0.0) }.map(\.1).joined()
  }
}

/// Type and space of a file system (`struct statfs`).
public struct FileSystemStatus: Hashable, Sendable {
  /// The magic number of the file system's type: `f_type`.
  public var type: UInt64
  /// Size in bytes.
  public var totalBytes: UInt64
  /// Free space in bytes: `f_bfree`.
  public var freeBytes: UInt64
  /// Free space for ordinary users in bytes; on btrfs an estimate of what data still fits:
  /// `f_bavail`.
  public var availableBytes: UInt64

  /// `BTRFS_SUPER_MAGIC`
  public static let btrfs: UInt64 = 0x9123_683E

  init(_ status: statfs) {
    let block = UInt64(clamping: status.f_bsize)
    func bytes(_ blocks: UInt) -> UInt64 {
      let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: block)
      return overflow ? .max : product
    }
    type = UInt64(UInt32(truncatingIfNeeded: status.f_type))
    totalBytes = bytes(status.f_blocks)
    freeBytes = bytes(status.f_bfree)
    availableBytes = bytes(status.f_bavail)
  }
}
