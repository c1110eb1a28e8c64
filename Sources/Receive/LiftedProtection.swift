internal import Linux
internal import SendStream

/// The files and directories that are to be immutable or append-only, and are not for the time being.
struct LiftedProtection {
  /// How many are held open at most. For one more, the first of them is protected again, and lifted
  /// again should a command need it.
  static let maximumCount = 256

  /// What `chattr +i` and `chattr +a` set.
  static let flags: ExtendedInodeFlags = [.immutable, .appendOnly]

  private var lifted: [(node: Node, inode: UInt64, flags: ExtendedInodeFlags)] = []

  /// Lifts what protects a node.
  ///
  /// - Returns: whether there was anything to lift.
  mutating func lift(_ node: Node) throws(ReceiveError.Reason) -> Bool {
    let before = try system { () throws(SystemError) in try node.descriptor.extendedFlags() }
    let protecting = before.intersection(Self.flags)
    if protecting.isEmpty { return false }
    try system { () throws(SystemError) in
      try node.descriptor.setExtendedFlags(before.subtracting(Self.flags))
    }
    try note(node, protecting)
    return true
  }

  /// Says how a node, which is not protected now, is to be in the end.
  mutating func note(
    _ node: Node, _ flags: ExtendedInodeFlags
  ) throws(ReceiveError.Reason) {
    let inode = try system { () throws(SystemError) in try node.descriptor.status().inode }
    lifted.removeAll { $0.inode == inode }
    if flags.isEmpty { return }
    if lifted.count >= Self.maximumCount {
      let first = lifted.removeFirst()
      try Self.protect(first.node, first.flags)
    }
    lifted.append((node, inode, flags))
  }

  /// Protects what is to be protected, and is still there.
  mutating func restore() throws(ReceiveError.Reason) {
    for (node, _, flags) in lifted { try Self.protect(node, flags) }
    lifted = []
  }

  private static func protect(
    _ node: Node, _ flags: ExtendedInodeFlags
  ) throws(ReceiveError.Reason) {
    try system { () throws(SystemError) in
      if try node.descriptor.status().linkCount == 0 { return }
      let now = try node.descriptor.extendedFlags()
      try node.descriptor.setExtendedFlags(now.union(flags))
    }
  }
}

extension Receiver {
  /// Lifts what may protect the files and directories that a command changes.
  ///
  /// - Returns: whether there was anything to lift.
  mutating func liftProtection(
    from command: borrowing Command
  ) throws(ReceiveError.Reason) -> Bool {
    var found = try liftProtection(at: command.firstPath)
    if case .rename(_, let new) = copy command {
      found = try liftProtection(at: new) || found
    } else if case .link(_, let existing) = copy command {
      found = try liftProtection(at: existing) || found
    }
    return found
  }

  /// Lifts what protects a path, if it is there, and its directory.
  mutating func liftProtection(at path: RawSpan) throws(ReceiveError.Reason) -> Bool {
    var found = false
    if path.byteCount > 0 {
      found = try protection.lift(try tree.opened(tree.place(path).directory))
    }
    let node: Node?
    do throws(ReceiveError.Reason) {
      node = try flagged(path)
    } catch {
      if case .system(let failure) = error, failure.errno == .noSuchFile { return found }
      throw error
    }
    guard let node else { return found }
    return try protection.lift(node) || found
  }
}
