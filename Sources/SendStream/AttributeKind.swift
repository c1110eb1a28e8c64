/// The number of an attribute: `enum btrfs_send_attr` (`BTRFS_SEND_A_…`).
public struct AttributeKind: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt16

  /// A kind from its number on the wire.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// `BTRFS_SEND_A_UUID`, 16 bytes
  @inlinable public static var uuid: Self { Self(rawValue: 1) }
  /// `BTRFS_SEND_A_CTRANSID`, u64
  @inlinable public static var ctransid: Self { Self(rawValue: 2) }
  /// `BTRFS_SEND_A_INO`, u64
  @inlinable public static var inode: Self { Self(rawValue: 3) }
  /// `BTRFS_SEND_A_SIZE`, u64
  @inlinable public static var size: Self { Self(rawValue: 4) }
  /// `BTRFS_SEND_A_MODE`, u64
  @inlinable public static var mode: Self { Self(rawValue: 5) }
  /// `BTRFS_SEND_A_UID`, u64
  @inlinable public static var uid: Self { Self(rawValue: 6) }
  /// `BTRFS_SEND_A_GID`, u64
  @inlinable public static var gid: Self { Self(rawValue: 7) }
  /// `BTRFS_SEND_A_RDEV`, u64
  @inlinable public static var device: Self { Self(rawValue: 8) }
  /// `BTRFS_SEND_A_CTIME`, 12 bytes
  @inlinable public static var changeTime: Self { Self(rawValue: 9) }
  /// `BTRFS_SEND_A_MTIME`, 12 bytes
  @inlinable public static var modificationTime: Self { Self(rawValue: 10) }
  /// `BTRFS_SEND_A_ATIME`, 12 bytes
  @inlinable public static var accessTime: Self { Self(rawValue: 11) }
  /// `BTRFS_SEND_A_OTIME`, 12 bytes
  @inlinable public static var creationTime: Self { Self(rawValue: 12) }
  /// `BTRFS_SEND_A_XATTR_NAME`, bytes
  @inlinable public static var xattrName: Self { Self(rawValue: 13) }
  /// `BTRFS_SEND_A_XATTR_DATA`, bytes
  @inlinable public static var xattrData: Self { Self(rawValue: 14) }
  /// `BTRFS_SEND_A_PATH`, bytes
  @inlinable public static var path: Self { Self(rawValue: 15) }
  /// `BTRFS_SEND_A_PATH_TO`, bytes
  @inlinable public static var pathTo: Self { Self(rawValue: 16) }
  /// `BTRFS_SEND_A_PATH_LINK`, bytes
  @inlinable public static var pathLink: Self { Self(rawValue: 17) }
  /// `BTRFS_SEND_A_FILE_OFFSET`, u64
  @inlinable public static var fileOffset: Self { Self(rawValue: 18) }
  /// `BTRFS_SEND_A_DATA`, bytes; without a length field from version 2 on
  @inlinable public static var data: Self { Self(rawValue: 19) }
  /// `BTRFS_SEND_A_CLONE_UUID`, 16 bytes
  @inlinable public static var cloneUUID: Self { Self(rawValue: 20) }
  /// `BTRFS_SEND_A_CLONE_CTRANSID`, u64
  @inlinable public static var cloneCtransid: Self { Self(rawValue: 21) }
  /// `BTRFS_SEND_A_CLONE_PATH`, bytes
  @inlinable public static var clonePath: Self { Self(rawValue: 22) }
  /// `BTRFS_SEND_A_CLONE_OFFSET`, u64
  @inlinable public static var cloneOffset: Self { Self(rawValue: 23) }
  /// `BTRFS_SEND_A_CLONE_LEN`, u64; the last of version 1
  @inlinable public static var cloneLength: Self { Self(rawValue: 24) }
  /// `BTRFS_SEND_A_FALLOCATE_MODE`, u32
  @inlinable public static var allocationMode: Self { Self(rawValue: 25) }
  /// `BTRFS_SEND_A_FILEATTR`, u64
  @inlinable public static var fileAttributes: Self { Self(rawValue: 26) }
  /// `BTRFS_SEND_A_UNENCODED_FILE_LEN`, u64
  @inlinable public static var unencodedFileLength: Self { Self(rawValue: 27) }
  /// `BTRFS_SEND_A_UNENCODED_LEN`, u64
  @inlinable public static var unencodedLength: Self { Self(rawValue: 28) }
  /// `BTRFS_SEND_A_UNENCODED_OFFSET`, u64
  @inlinable public static var unencodedOffset: Self { Self(rawValue: 29) }
  /// `BTRFS_SEND_A_COMPRESSION`, u32
  @inlinable public static var compression: Self { Self(rawValue: 30) }
  /// `BTRFS_SEND_A_ENCRYPTION`, u32; the last of version 2
  @inlinable public static var encryption: Self { Self(rawValue: 31) }
  /// `BTRFS_SEND_A_VERITY_ALGORITHM`, u8
  @inlinable public static var verityAlgorithm: Self { Self(rawValue: 32) }
  /// `BTRFS_SEND_A_VERITY_BLOCK_SIZE`, u32
  @inlinable public static var verityBlockSize: Self { Self(rawValue: 33) }
  /// `BTRFS_SEND_A_VERITY_SALT_DATA`, bytes
  @inlinable public static var veritySalt: Self { Self(rawValue: 34) }
  /// `BTRFS_SEND_A_VERITY_SIG_DATA`, bytes; the last of version 3
  @inlinable public static var veritySignature: Self { Self(rawValue: 35) }

  /// Attributes from this number on have no length field: each ends its command and reaches to
  /// the command's end. Only a delta stream's own commands have them.
  @inlinable public static var firstWithoutLength: UInt16 { 0xC000 }
}

extension AttributeKind: CustomStringConvertible {
  private static let names = [
    "UNSPEC", "UUID", "CTRANSID", "INO", "SIZE", "MODE", "UID", "GID", "RDEV", "CTIME", "MTIME",
    "ATIME", "OTIME", "XATTR_NAME", "XATTR_DATA", "PATH", "PATH_TO", "PATH_LINK", "FILE_OFFSET",
    "DATA", "CLONE_UUID", "CLONE_CTRANSID", "CLONE_PATH", "CLONE_OFFSET", "CLONE_LEN",
    "FALLOCATE_MODE", "FILEATTR", "UNENCODED_FILE_LEN", "UNENCODED_LEN", "UNENCODED_OFFSET",
    "COMPRESSION", "ENCRYPTION", "VERITY_ALGORITHM", "VERITY_BLOCK_SIZE", "VERITY_SALT_DATA",
    "VERITY_SIG_DATA",
  ]

  /// The attribute's name in `enum btrfs_send_attr` without its prefix, or its number.
  public var description: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "attribute \(rawValue)"
  }
}
