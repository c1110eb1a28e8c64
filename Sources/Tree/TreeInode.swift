public import Linux

/// What an inode is, but for its contents.
public struct TreeInode: Hashable, Sendable {
  /// The kind of inode.
  public var type: FileType
  /// The permissions as they count, as ``TreeDigest`` has them: a symbolic link's are 0777.
  public var permissions: UInt32
  /// The owning user.
  public var user: UInt32
  /// The owning group.
  public var group: UInt32
  /// When the contents were last changed.
  public var modificationTime: FileTime
  /// When the contents were last read: what a stream sets, though no digest has it.
  public var accessTime: FileTime
  /// The size of a regular file in bytes; 0 for anything else.
  public var size: UInt64
  /// What a device node stands for, as `st_rdev` encodes it; 0 for anything else.
  public var specialDevice: UInt64
  /// The target of a symbolic link; empty for anything else.
  public var target: [UInt8]
  /// The extended attributes in the order of their names, without those in `trusted.`.
  public var attributes: [TreeAttribute]
  /// What `chattr` set, of ``InodeFlags/ofTrees``; empty but for regular files and directories. No digest
  /// has it.
  public var flags: InodeFlags
  /// How many names it has in the tree.
  public var linkCount: Int

  /// An inode with one name.
  public init(
    type: FileType, permissions: UInt32, user: UInt32 = 0, group: UInt32 = 0,
    modificationTime: FileTime, accessTime: FileTime? = nil, size: UInt64 = 0,
    specialDevice: UInt64 = 0, target: [UInt8] = [], attributes: [TreeAttribute] = [],
    flags: InodeFlags = []
  ) {
    self.type = type
    self.permissions = type == .symbolicLink ? 0o777 : permissions
    self.user = user
    self.group = group
    self.modificationTime = modificationTime
    self.accessTime = accessTime ?? modificationTime
    self.size = size
    self.specialDevice = specialDevice
    self.target = target
    self.attributes = attributes
    self.flags = flags
    linkCount = 1
  }
}

extension TreeNode {
  /// What the inode is, read from it.
  public func inode() throws(SystemError) -> TreeInode {
    TreeInode(
      type: status.type, permissions: status.permissions, user: status.user, group: status.group,
      modificationTime: status.modificationTime, accessTime: status.accessTime,
      size: status.type == .regular ? status.size : 0,
      specialDevice: status.type.isDevice ? status.specialDevice : 0,
      target: status.type == .symbolicLink ? try descriptor.symbolicLinkTarget() : [],
      attributes: try attributes(), flags: try flags())
  }

  /// What `chattr` set; nothing where the file system has no flags.
  private func flags() throws(SystemError) -> InodeFlags {
    guard status.type.hasFlags else { return [] }
    do throws(SystemError) {
      return try descriptor.inodeFlags().intersection(.ofTrees)
    } catch {
      let none: [Errno] = [.noSuchControl, .notSupported, .notImplemented, .invalidArgument]
      if none.contains(error.errno) { return [] }
      throw error
    }
  }
}

extension InodeFlags {
  /// The flags that belong to what a tree holds. Compression is an attribute on btrfs, and what a file
  /// system notes for itself differs from one to the next.
  public static let ofTrees: InodeFlags = [
    .synchronous, .immutable, .appendOnly, .noDump, .noAccessTime, .synchronousDirectory,
    .noCopyOnWrite,
  ]
}
