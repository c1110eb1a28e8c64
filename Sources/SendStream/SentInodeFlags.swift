/// Flags of an inode as FILEATTR has them: those that btrfs has on disk, `BTRFS_INODE_…`.
///
/// What the compression property brings, which comes as an attribute, and what is the file system's own
/// matter, such as NODATASUM and PREALLOC, has no name here.
public struct SentInodeFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt64
  /// Flags from bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `BTRFS_INODE_NODATACOW`
  public static let noCopyOnWrite = SentInodeFlags(rawValue: 0x2)
  /// `BTRFS_INODE_NOCOMPRESS`
  public static let notCompressed = SentInodeFlags(rawValue: 0x8)
  /// `BTRFS_INODE_SYNC`
  public static let synchronous = SentInodeFlags(rawValue: 0x20)
  /// `BTRFS_INODE_IMMUTABLE`
  public static let immutable = SentInodeFlags(rawValue: 0x40)
  /// `BTRFS_INODE_APPEND`
  public static let appendOnly = SentInodeFlags(rawValue: 0x80)
  /// `BTRFS_INODE_NODUMP`
  public static let noDump = SentInodeFlags(rawValue: 0x100)
  /// `BTRFS_INODE_NOATIME`
  public static let noAccessTime = SentInodeFlags(rawValue: 0x200)
  /// `BTRFS_INODE_DIRSYNC`
  public static let synchronousDirectory = SentInodeFlags(rawValue: 0x400)
}
