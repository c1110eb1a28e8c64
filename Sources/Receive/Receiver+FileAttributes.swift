internal import Bytes
internal import Linux
internal import SendStream

extension SentInodeFlags {
  /// Those that all file systems have.
  static let extended: [(SentInodeFlags, ExtendedInodeFlags)] = [
    (.synchronous, .synchronous), (.immutable, .immutable), (.appendOnly, .appendOnly),
    (.noDump, .noDump), (.noAccessTime, .noAccessTime),
  ]

  /// Those that can be had only by the older way, which takes away or changes a compression property.
  static let older: [(SentInodeFlags, InodeFlags)] = [
    (.noCopyOnWrite, .noCopyOnWrite), (.notCompressed, .notCompressed),
    (.synchronousDirectory, .synchronousDirectory),
  ]
}

extension Receiver {
  /// Applies FILEATTR, which has all of an inode's flags.
  ///
  /// Left as they are: what a compression property brings, which comes as an attribute; what is
  /// the file system's own, such as NODATASUM and PREALLOC; and whether a file with data is copied on
  /// write, which no kernel changes.
  mutating func setFlags(
    _ path: RawSpan, _ flags: SentInodeFlags
  ) throws(ReceiveError.Reason) {
    guard let node = try flagged(path) else { return }
    // This lifts what protects the inode, also from a change of its property.
    try setExtendedFlags(node, flags)
    try setOlderFlags(node, flags)
    if node.type == .directory { noteInheritance(node) }
  }

  /// The inode of a path, opened; `nil` if it can have no flags.
  func flagged(_ path: RawSpan) throws(ReceiveError.Reason) -> Node? {
    try tree.node(path).type.hasFlags ? try tree.node(path, .read) : nil
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
      let property =
        before.isDisjoint(with: .ofCompression)
        ? nil : try node.descriptor.attribute(InheritedAttributes.compression)
      var after = before
      for (sent, flag) in SentInodeFlags.older {
        if flags.contains(sent) { after.insert(flag) } else { after.remove(flag) }
      }
      let hasData = node.type == .regular ? try node.descriptor.status().size > 0 : false
      if hasData { after.keep(.noCopyOnWrite, of: before) }
      if property != nil || before.contains(.compressed) {
        after.keep(.ofCompression.union(.noCopyOnWrite), of: before)
      }
      if after.contains(.noCopyOnWrite) { after.remove(.notCompressed) }
      if after == before { return }
      // One of these does not become the other at once.
      let exclusive: InodeFlags = [.noCopyOnWrite, .notCompressed]
      if property == nil, before.union(after).isSuperset(of: exclusive) {
        try node.descriptor.setInodeFlags(before.subtracting(exclusive))
      }
      try node.descriptor.setInodeFlags(after)
      guard let property else { return }
      try node.descriptor.setAttribute(InheritedAttributes.compression, to: property.rawSpan)
    }
  }

  /// Has an inode be copied on write, without which it cannot have a compression property. The kernel's
  /// sender says the property first.
  ///
  /// - Returns: whether that was in the way, and is not any more.
  mutating func allowCompression(_ path: RawSpan) throws(ReceiveError.Reason) -> Bool {
    guard let node = try flagged(path) else { return false }
    return try system { () throws(SystemError) in
      let before = try node.descriptor.inodeFlags()
      guard before.contains(.noCopyOnWrite) else { return false }
      try node.descriptor.setInodeFlags(before.subtracting(.noCopyOnWrite))
      return try !node.descriptor.inodeFlags().contains(.noCopyOnWrite)
    }
  }
}

extension InodeFlags {
  /// Those that a compression property brings.
  fileprivate static let ofCompression: InodeFlags = [.compressed, .notCompressed]
}
