public import Linux

/// What a tree holds, in memory; the contents of its files stay where they are.
///
/// A catalog is of a directory as it is, or says something else of what a directory holds: a tar
/// archive is a catalog over files that any user may write.
///
/// Memory: a path for each name, and about 250 bytes for each inode.
public struct TreeCatalog: Sendable {
  /// A name of an inode.
  public struct Entry: Hashable, Sendable {
    /// The path below the root, without a slash in front; empty for the root.
    public var path: [UInt8]
    /// Which of ``inodes`` it is a name of.
    public var inode: Int

    /// A name.
    public init(path: [UInt8], inode: Int) {
      self.path = path
      self.inode = inode
    }
  }

  /// Every name: the root first, then depth first each directory before its entries, and these in the
  /// order of their names' bytes, as ``TreeWalker`` meets them.
  public private(set) var entries: [Entry]

  /// Every inode, in the order of first names.
  public var inodes: [TreeInode]

  /// The directory that has the contents of the regular files, each under its path.
  public let root: TreeRoot

  /// Paths that do not belong to the tree: mount points and nested subvolumes.
  public private(set) var leftOut: [[UInt8]]

  /// A catalog that was put together.
  ///
  /// - Parameter entries: in the order of ``entries``.
  public init(
    entries: [Entry], inodes: [TreeInode], root: TreeRoot, leftOut: [[UInt8]] = []
  ) {
    self.entries = entries
    self.inodes = inodes
    self.root = root
    self.leftOut = leftOut
    for index in self.inodes.indices { self.inodes[index].linkCount = 0 }
    for entry in entries { self.inodes[entry.inode].linkCount += 1 }
  }

  /// The catalog of an open directory.
  ///
  /// - Parameter progress: is told how far it has come, once an entry.
  /// - Throws: `ECANCELED` if `progress` says so, besides what the calls give.
  public init(
    of root: TreeRoot, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var walker = try TreeWalker(root.directory)
    var entries: [Entry] = []
    var inodes: [TreeInode] = []
    // Only of inodes with more than one name.
    var firstNames: [[UInt8]: Int] = [:]
    var totals = TreeTotals()
    while let node = try walker.next() {
      totals.entries += 1
      if let first = node.firstPath, let index = firstNames[first] {
        entries.append(Entry(path: node.path, inode: index))
      } else {
        if node.status.linkCount > 1, node.status.type != .directory {
          firstNames[node.path] = inodes.count
        }
        entries.append(Entry(path: node.path, inode: inodes.count))
        inodes.append(try node.inode())
      }
      try node.report(totals, to: progress)
    }
    self.init(entries: entries, inodes: inodes, root: root, leftOut: walker.leftOut)
  }
}

/// An open directory that has the contents of a tree's files.
public final class TreeRoot: Sendable {
  /// The directory.
  public let directory: Descriptor

  /// What has to live as long as the directory is used.
  private let temporary: TemporaryTree?

  /// Takes an open directory over.
  public init(_ directory: consuming Descriptor) {
    self.directory = directory
    temporary = nil
  }

  /// A directory that is removed with this value.
  public init(_ temporary: TemporaryTree) throws(SystemError) {
    directory = try temporary.directory.duplicate()
    self.temporary = temporary
  }
}
