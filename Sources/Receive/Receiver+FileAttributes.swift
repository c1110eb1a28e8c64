internal import Linux

/// Flags of an inode as FILEATTR has them: those on disk, `BTRFS_INODE_…`.
struct SentInodeFlags: OptionSet {
  let rawValue: UInt64

  /// `BTRFS_INODE_NODATACOW`
  static let noCopyOnWrite = SentInodeFlags(rawValue: 0x2)
  /// `BTRFS_INODE_NOCOMPRESS`
  static let notCompressed = SentInodeFlags(rawValue: 0x8)
  /// `BTRFS_INODE_SYNC`
  static let synchronous = SentInodeFlags(rawValue: 0x20)
  /// `BTRFS_INODE_IMMUTABLE`
  static let immutable = SentInodeFlags(rawValue: 0x40)
  /// `BTRFS_INODE_APPEND`
  static let appendOnly = SentInodeFlags(rawValue: 0x80)
  /// `BTRFS_INODE_NODUMP`
  static let noDump = SentInodeFlags(rawValue: 0x100)
  /// `BTRFS_INODE_NOATIME`
  static let noAccessTime = SentInodeFlags(rawValue: 0x200)
  /// `BTRFS_INODE_DIRSYNC`
  static let synchronousDirectory = SentInodeFlags(rawValue: 0x400)

  /// Those that all file systems have.
  static let extended: [(SentInodeFlags, ExtendedInodeFlags)] = [
    (.synchronous, .synchronous), (.immutable, .immutable), (.appendOnly, .appendOnly),
    (.noDump, .noDump), (.noAccessTime, .noAccessTime),
  ]

  /// Those that can be had only by the older way, which no file with a compression property may go.
  static let older: [(SentInodeFlags, InodeFlags)] = [
    (.noCopyOnWrite, .noCopyOnWrite), (.notCompressed, .notCompressed),
    (.synchronousDirectory, .synchronousDirectory),
  ]
}

extension Receiver {
  /// Applies FILEATTR, which has all of an inode's flags.
  ///
  /// Left as they are: what the compression property brings, which comes as an attribute; what is
  /// the file system's own, such as NODATASUM and PREALLOC. The kernel lets copying on write change
  /// for directories and empty files only, and says nothing otherwise.
  mutating func setFlags(
    _ path: RawSpan, _ flags: SentInodeFlags
  ) throws(ReceiveError.Reason) {
    let named = try tree.node(path)
    // No other kind can be opened to set any.
    guard named.type == .regular || named.type == .directory else { return }
    let node = try tree.node(path, .read)
    try setOlderFlags(node, flags)
    try setExtendedFlags(node, flags)
    if node.type == .directory { noteInheritance(node) }
  }

  /// What protects is noted for the end: more commands follow for the inode.
  private mutating func setExtendedFlags(
    _ node: Node, _ flags: SentInodeFlags
  ) throws(ReceiveError.Reason) {
    let before = try system { () throws(SystemError) in try node.descriptor.extendedFlags() }
    var after = before
    for (sent, flag) in SentInodeFlags.extended {
      if flags.contains(sent) { after.insert(flag) } else { after.remove(flag) }
    }
    try protection.note(node, after.intersection(LiftedProtection.flags))
    after.subtract(LiftedProtection.flags)
    if after == before { return }
    try system { () throws(SystemError) in try node.descriptor.setExtendedFlags(after) }
  }

  private func setOlderFlags(
    _ node: Node, _ flags: SentInodeFlags
  ) throws(ReceiveError.Reason) {
    try system { () throws(SystemError) in
      let before = try node.descriptor.inodeFlags()
      var after = before
      for (sent, flag) in SentInodeFlags.older {
        if flags.contains(sent) { after.insert(flag) } else { after.remove(flag) }
      }
      if after == before || before.contains(.compressed) { return }
      // Or the compression property would be set to what the file system compresses with.
      try node.descriptor.setInodeFlags(after)
    }
  }
}
