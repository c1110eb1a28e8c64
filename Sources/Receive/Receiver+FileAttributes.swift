internal import Bytes
internal import Linux
internal import SendStream

extension SentInodeFlags {
  /// Those that all file systems have.
  static let extended: [(SentInodeFlags, ExtendedInodeFlags)] = [
    (.synchronous, .synchronous), (.immutable, .immutable), (.appendOnly, .appendOnly),
    (.noDump, .noDump), (.noAccessTime, .noAccessTime),
  ]

  /// Those that can be had only by the older way, which changes the compression property of what has one.
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
      guard before.contains(.compressed) else {
        if after != before { try node.descriptor.setInodeFlags(after) }
        return
      }
      // Neither goes with compression.
      after.subtract([.noCopyOnWrite, .notCompressed])
      if after == before { return }
      // The property becomes what the file system compresses with.
      let property = try node.descriptor.attribute(InheritedAttributes.compression)
      try node.descriptor.setInodeFlags(after)
      guard let property else { return }
      try node.descriptor.setAttribute(InheritedAttributes.compression, to: property.rawSpan)
    }
  }
}
