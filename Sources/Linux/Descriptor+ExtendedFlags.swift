internal import CLinux
internal import Glibc

// Flags of inodes by the newer of the kernel's two ways. On btrfs the older one, FS_IOC_SETFLAGS, has
// an effect besides: it sets the compression property of a file that has one to the file system's.
extension Descriptor {
  /// The inode's flags (`FS_IOC_FSGETXATTR`). Not for ``OpenFlags/path`` descriptors.
  public func extendedFlags() throws(SystemError) -> ExtendedInodeFlags {
    ExtendedInodeFlags(rawValue: try extendedAttributes().fsx_xflags)
  }

  /// Sets the inode's flags, and leaves all else that goes with them (`FS_IOC_FSSETXATTR`).
  ///
  /// Not for ``OpenFlags/path`` descriptors.
  public func setExtendedFlags(_ flags: ExtendedInodeFlags) throws(SystemError) {
    var attributes = try extendedAttributes()
    attributes.fsx_xflags = flags.rawValue
    _ = try systemCall("FS_IOC_FSSETXATTR", .changes, path: path) {
      unsafe clinux_set_extended_flags(rawValue, &attributes)
    }
  }

  private func extendedAttributes() throws(SystemError) -> fsxattr {
    var attributes = fsxattr()
    _ = try systemCall("FS_IOC_FSGETXATTR", .reads, path: path) {
      unsafe clinux_get_extended_flags(rawValue, &attributes)
    }
    return attributes
  }
}

/// Flags of an inode that all file systems have.
public struct ExtendedInodeFlags: OptionSet, Hashable, Sendable {
  /// The `FS_XFLAG_…` bits.
  public let rawValue: UInt32
  /// Flags from `FS_XFLAG_…` bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `FS_XFLAG_IMMUTABLE`
  public static let immutable = ExtendedInodeFlags(rawValue: 0x8)
  /// `FS_XFLAG_APPEND`
  public static let appendOnly = ExtendedInodeFlags(rawValue: 0x10)
  /// `FS_XFLAG_SYNC`
  public static let synchronous = ExtendedInodeFlags(rawValue: 0x20)
  /// `FS_XFLAG_NOATIME`
  public static let noAccessTime = ExtendedInodeFlags(rawValue: 0x40)
  /// `FS_XFLAG_NODUMP`
  public static let noDump = ExtendedInodeFlags(rawValue: 0x80)
}
