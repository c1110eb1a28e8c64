internal import Linux
internal import SendStream
internal import Tree

extension SentInodeFlags {
  /// What a tree has, and what a stream says.
  private static let ofTrees: [(SentInodeFlags, InodeFlags)] = [
    (.noCopyOnWrite, .noCopyOnWrite), (.synchronous, .synchronous), (.immutable, .immutable),
    (.appendOnly, .appendOnly), (.noDump, .noDump), (.noAccessTime, .noAccessTime),
    (.synchronousDirectory, .synchronousDirectory),
  ]

  /// The flags of an inode of a tree.
  init(_ flags: InodeFlags) {
    self = Self.ofTrees.reduce(into: []) { sent, pair in
      if flags.contains(pair.1) { sent.insert(pair.0) }
    }
  }

  /// Those of them that belong to trees.
  var ofTree: InodeFlags {
    Self.ofTrees.reduce(into: []) { flags, pair in
      if contains(pair.0) { flags.insert(pair.1) }
    }
  }
}
