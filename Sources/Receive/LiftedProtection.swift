internal import Linux
internal import SendStream

/// The files and directories that were immutable or append-only and are not for the time being.
struct LiftedProtection {
  /// How many are held open at most, until they can be protected again.
  static let maximumCount = 512

  /// What `chattr +i` and `chattr +a` set.
  static let flags: InodeFlags = [.immutable, .appendOnly]

  private var lifted: [(node: Node, flags: InodeFlags)] = []

  /// Lifts what protects a node.
  ///
  /// - Returns: whether there was anything to lift.
  mutating func lift(_ node: Node) throws(ReceiveError.Reason) -> Bool {
    let before = try system { () throws(SystemError) in try node.descriptor.inodeFlags() }
    let protecting = before.intersection(Self.flags)
    if protecting.isEmpty { return false }
    guard lifted.count < Self.maximumCount else {
      throw .tooManyProtectedFiles(limit: Self.maximumCount)
    }
    try system { () throws(SystemError) in
      try node.descriptor.setInodeFlags(before.subtracting(Self.flags))
    }
    lifted.append((node, protecting))
    return true
  }

  /// Protects again what was protected, and is still there.
  mutating func restore() throws(ReceiveError.Reason) {
    for (node, flags) in lifted {
      try system { () throws(SystemError) in
        if try node.descriptor.status().linkCount == 0 { return }
        let now = try node.descriptor.inodeFlags()
        try node.descriptor.setInodeFlags(now.union(flags))
      }
    }
    lifted = []
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
  private mutating func liftProtection(at path: RawSpan) throws(ReceiveError.Reason) -> Bool {
    var found = false
    if path.byteCount > 0 {
      found = try protection.lift(try tree.place(path).directory)
    }
    let node: Node
    do throws(ReceiveError.Reason) {
      node = try tree.node(path)
    } catch {
      if case .system(let failure) = error, failure.errno == .noSuchFile { return found }
      throw error
    }
    // Only these have flags, and only these may be opened to ask.
    guard node.type == .regular || node.type == .directory else { return found }
    let opened = try tree.node(path, .read)
    return try protection.lift(opened) || found
  }
}
