/// The number of a command: `enum btrfs_send_cmd`.
public struct CommandKind: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt16

  /// A kind from its number on the wire.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// `BTRFS_SEND_C_SUBVOL`
  @inlinable public static var subvolume: Self { Self(rawValue: 1) }
  /// `BTRFS_SEND_C_SNAPSHOT`
  @inlinable public static var snapshot: Self { Self(rawValue: 2) }
  /// `BTRFS_SEND_C_MKFILE`
  @inlinable public static var makeFile: Self { Self(rawValue: 3) }
  /// `BTRFS_SEND_C_MKDIR`
  @inlinable public static var makeDirectory: Self { Self(rawValue: 4) }
  /// `BTRFS_SEND_C_MKNOD`
  @inlinable public static var makeNode: Self { Self(rawValue: 5) }
  /// `BTRFS_SEND_C_MKFIFO`
  @inlinable public static var makeFIFO: Self { Self(rawValue: 6) }
  /// `BTRFS_SEND_C_MKSOCK`
  @inlinable public static var makeSocket: Self { Self(rawValue: 7) }
  /// `BTRFS_SEND_C_SYMLINK`
  @inlinable public static var symlink: Self { Self(rawValue: 8) }
  /// `BTRFS_SEND_C_RENAME`
  @inlinable public static var rename: Self { Self(rawValue: 9) }
  /// `BTRFS_SEND_C_LINK`
  @inlinable public static var link: Self { Self(rawValue: 10) }
  /// `BTRFS_SEND_C_UNLINK`
  @inlinable public static var unlink: Self { Self(rawValue: 11) }
  /// `BTRFS_SEND_C_RMDIR`
  @inlinable public static var removeDirectory: Self { Self(rawValue: 12) }
  /// `BTRFS_SEND_C_SET_XATTR`
  @inlinable public static var setXattr: Self { Self(rawValue: 13) }
  /// `BTRFS_SEND_C_REMOVE_XATTR`
  @inlinable public static var removeXattr: Self { Self(rawValue: 14) }
  /// `BTRFS_SEND_C_WRITE`
  @inlinable public static var write: Self { Self(rawValue: 15) }
  /// `BTRFS_SEND_C_CLONE`
  @inlinable public static var clone: Self { Self(rawValue: 16) }
  /// `BTRFS_SEND_C_TRUNCATE`
  @inlinable public static var truncate: Self { Self(rawValue: 17) }
  /// `BTRFS_SEND_C_CHMOD`
  @inlinable public static var changeMode: Self { Self(rawValue: 18) }
  /// `BTRFS_SEND_C_CHOWN`
  @inlinable public static var changeOwner: Self { Self(rawValue: 19) }
  /// `BTRFS_SEND_C_UTIMES`
  @inlinable public static var setTimes: Self { Self(rawValue: 20) }
  /// `BTRFS_SEND_C_END`
  @inlinable public static var end: Self { Self(rawValue: 21) }
  /// `BTRFS_SEND_C_UPDATE_EXTENT`; the last of version 1
  @inlinable public static var updateExtent: Self { Self(rawValue: 22) }
  /// `BTRFS_SEND_C_FALLOCATE`
  @inlinable public static var allocate: Self { Self(rawValue: 23) }
  /// `BTRFS_SEND_C_FILEATTR`
  @inlinable public static var setFileAttributes: Self { Self(rawValue: 24) }
  /// `BTRFS_SEND_C_ENCODED_WRITE`; the last of version 2
  @inlinable public static var encodedWrite: Self { Self(rawValue: 25) }
  /// `BTRFS_SEND_C_ENABLE_VERITY`; the last of version 3
  @inlinable public static var enableVerity: Self { Self(rawValue: 26) }

  /// Commands from this number on are not btrfs's: a delta stream's own.
  @inlinable public static var firstExtension: UInt16 { 0x8000 }

  /// Whether the command is one of a delta stream's own.
  @inlinable public var isExtension: Bool { rawValue >= Self.firstExtension }
}

extension CommandKind: CustomStringConvertible {
  private static let names = [
    "unspec", "subvol", "snapshot", "mkfile", "mkdir", "mknod", "mkfifo", "mksock", "symlink",
    "rename", "link", "unlink", "rmdir", "set_xattr", "remove_xattr", "write", "clone", "truncate",
    "chmod", "chown", "utimes", "end", "update_extent", "fallocate", "fileattr", "encoded_write",
    "enable_verity",
  ]

  /// The command's name as btrfs's own tools spell it, or its number.
  public var description: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "command \(rawValue)"
  }
}
