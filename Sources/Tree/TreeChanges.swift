public import Linux

/// What changed from one tree to another: what came, went, moved, and is different.
public struct TreeChanges: Sendable {
  /// How many changes of each kind there are, and how large the trees are.
  public struct Totals: Hashable, Sendable {
    /// Names that are new, those below others included.
    public var added: UInt64 = 0
    /// Names that are gone.
    public var removed: UInt64 = 0
    /// Names whose inode differs in more than its modification time.
    public var modified: UInt64 = 0
    /// Files and directories that moved; what a directory holds is not counted.
    public var moved: UInt64 = 0
    /// Names whose inode differs only in its modification time.
    public var onlyTimes: UInt64 = 0
    /// The bytes of the files of the tree before, each inode counted once.
    public var oldBytes: UInt64 = 0
    /// Those of the tree after.
    public var newBytes: UInt64 = 0
  }

  /// The changes, in the order of ``TreeChange/path``.
  public private(set) var changes: [TreeChange]
  /// How many there are.
  public private(set) var totals: Totals

  /// Whether the trees are the same but for modification times.
  public var isSame: Bool {
    totals.added == 0 && totals.removed == 0 && totals.modified == 0 && totals.moved == 0
  }

  /// Compares two trees.
  ///
  /// Contents are compared byte by byte. What is new and what is gone is compared by size and SHA-256, to find
  /// what moved. Where a directory is gone that had the same entries as one that is new, all of its
  /// files moved, and all else in it is the same, the directory moved.
  ///
  /// Memory: what the catalogs take again, at most.
  ///
  /// - Parameter progress: is told how far it has come: names of both trees, and bytes that were read.
  /// - Throws: `ECANCELED` if `progress` says so, besides what reading gives.
  public init(
    from old: TreeCatalog, to new: TreeCatalog, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var comparison = InodeComparison(old, new)
    var (removed, added): ([Int], [Int]) = ([], [])
    var changes: [TreeChange] = []
    var read = TreeTotals()
    var merge = CatalogMerge(old, new)
    while let names = merge.next() {
      read.entries += 1
      switch names {
      case (let mine?, let theirs?):
        let aspects = try comparison.aspects(mine, theirs, &read, progress)
        if !aspects.isEmpty {
          changes.append(comparison.change(mine, theirs, .modified, aspects))
        }
      case (let mine?, nil): removed.append(mine)
      case (nil, let theirs?): added.append(theirs)
      case (nil, nil): break
      }
      try CatalogFile.report(read, new.root.directory.path, to: progress)
    }
    var moves = TreeMoves(old, new, removed: removed, added: added)
    try moves.findFiles(&read, progress)
    let isOld = moves.findDirectories(comparison)
    for (mine, theirs) in moves.pairs {
      let aspects = comparison.metadata(mine, theirs)
      let kind = TreeChange.Kind.moved(from: old.entries[mine].path)
      changes.append(comparison.change(mine, theirs, kind, aspects))
    }
    for mine in removed where !isOld.old.contains(mine) {
      changes.append(comparison.change(mine, nil, .removed))
    }
    for theirs in added where !isOld.new.contains(theirs) {
      changes.append(comparison.change(nil, theirs, .added))
    }
    self.changes = changes.sorted { TreeCatalog.isBefore($0.path, $1.path) }
    totals = Self.totals(changes, old, new)
  }

  private static func totals(
    _ changes: [TreeChange], _ old: TreeCatalog, _ new: TreeCatalog
  ) -> Totals {
    var totals = Totals()
    for change in changes {
      switch change.kind {
      case .added: totals.added += 1
      case .removed: totals.removed += 1
      case .modified where change.isOnlyTime: totals.onlyTimes += 1
      case .modified: totals.modified += 1
      case .moved: totals.moved += 1
      }
    }
    totals.oldBytes = old.inodes.reduce(0) { $0 &+ $1.size }
    totals.newBytes = new.inodes.reduce(0) { $0 &+ $1.size }
    return totals
  }
}
