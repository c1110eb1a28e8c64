internal import CLinux
internal import Glibc

/// What kind of inode a name stands for.
public enum FileType: UInt32, Hashable, Sendable, CaseIterable {
  /// `S_IFREG`
  case regular = 0o100000
  /// `S_IFDIR`
  case directory = 0o040000
  /// `S_IFLNK`
  case symbolicLink = 0o120000
  /// `S_IFCHR`
  case characterDevice = 0o020000
  /// `S_IFBLK`
  case blockDevice = 0o060000
  /// `S_IFIFO`
  case fifo = 0o010000
  /// `S_IFSOCK`
  case socket = 0o140000
}

extension FileType {
  /// What a mode with the type of an inode says that `mknod` makes; `nil` if it makes none of that.
  public init?(ofNode mode: UInt64) {
    guard let bits = UInt32(exactly: mode), let type = FileType(rawValue: bits & 0o170000),
      type != .regular, type != .directory, type != .symbolicLink
    else { return nil }
    self = type
  }

  /// Whether it is a device node, which has a number.
  public var isDevice: Bool { self == .characterDevice || self == .blockDevice }

  /// Whether an inode of the type has flags, as `chattr` sets them. No other may be opened to ask for any.
  public var hasFlags: Bool { self == .regular || self == .directory }

  /// The type in words: `character device`.
  public var words: String {
    switch self {
    case .regular: "regular file"
    case .directory: "directory"
    case .symbolicLink: "symbolic link"
    case .characterDevice: "character device"
    case .blockDevice: "block device"
    case .fifo: "FIFO"
    case .socket: "socket"
    }
  }
}

/// A moment as file systems store it.
public struct FileTime: Hashable, Sendable {
  /// Seconds since 1970; negative before.
  public var seconds: Int64
  /// Nanoseconds since then, below 10^9.
  public var nanoseconds: UInt32

  /// A moment.
  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  init(_ time: timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
  }

  var timespec: timespec {
    Glibc.timespec(tv_sec: time_t(seconds), tv_nsec: Int(nanoseconds))
  }
}

extension FileTime: Comparable {
  /// Whether one moment is before the other.
  public static func < (one: FileTime, other: FileTime) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}

/// The metadata of an inode (`struct stat`).
public struct FileStatus: Hashable, Sendable {
  /// The kind of inode.
  public var type: FileType
  /// Permissions with set-user-ID, set-group-ID and sticky bits: `st_mode & 07777`.
  public var permissions: UInt32
  /// The owning user.
  public var user: UInt32
  /// The owning group.
  public var group: UInt32
  /// Size in bytes.
  public var size: UInt64
  /// How many names the inode has.
  public var linkCount: UInt64
  /// The inode's number, unique on its device.
  public var inode: UInt64
  /// The device that holds it; on btrfs, every subvolume has its own.
  public var device: UInt64
  /// The device that a device node stands for, as `st_rdev` encodes it.
  public var specialDevice: UInt64
  /// When the contents were last read.
  public var accessTime: FileTime
  /// When the contents were last changed.
  public var modificationTime: FileTime

  init?(_ status: stat) {
    let mode = UInt32(status.st_mode)
    guard let type = FileType(rawValue: mode & 0o170000) else { return nil }
    self.type = type
    permissions = mode & 0o7777
    user = UInt32(status.st_uid)
    group = UInt32(status.st_gid)
    size = UInt64(bitPattern: Int64(status.st_size))
    linkCount = UInt64(status.st_nlink)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    specialDevice = UInt64(status.st_rdev)
    accessTime = FileTime(status.st_atim)
    modificationTime = FileTime(status.st_mtim)
  }
}
