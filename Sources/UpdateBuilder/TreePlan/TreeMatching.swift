internal import Linux
internal import Tree

/// Which inode of the new tree is which inode of the old one.
///
/// A matched inode is kept, moved or changed in place; every other one is made or removed.
/// Directories are matched first, by where their files are now. Then what is below matched directories
/// under the same name and the same; then regular files with the same contents, wherever they
/// are; then regular files under the same name, if they are better changed in place than made anew.
///
/// The same on any machine: only names and contents decide, and of equally good ones the first.
struct TreeMatching {
  let old: PlannedTree
  let new: PlannedTree
  /// The old inode of each new one, or -1; and the other way round.
  private(set) var oldOfNew: [Int32]
  private(set) var newOfOld: [Int32]

  /// How many files with the same contents are looked at for one with the same name.
  private static let maximumLookedAt = 16

  init(old: PlannedTree, new: PlannedTree) throws(BuildError) {
    self.old = old
    self.new = new
    oldOfNew = [Int32](repeating: -1, count: new.catalog.inodes.count)
    newOfOld = [Int32](repeating: -1, count: old.catalog.inodes.count)
    match(0, 0)
    for (old, new) in DirectoryMatching(old: old, new: new).pairs() { match(old, new) }
    matchNames { $0.old.isSame($1, as: $2, of: $0.new) }
    matchContents()
    try matchNames { (matching, mine, theirs) throws(BuildError) in
      try matching.isChangedInPlace(mine, theirs)
    }
  }

  /// What moved files have in common.
  private struct Contents: Hashable {
    let identity: TreeContents.Identity
    let isCopiedOnWrite: Bool

    init(_ inode: Int, of tree: PlannedTree) {
      identity = tree.contents[inode]
      isCopiedOnWrite = !tree.catalog.inodes[inode].flags.contains(.noCopyOnWrite)
    }
  }

  private mutating func match(_ old: Int32, _ new: Int32) {
    oldOfNew[Int(new)] = old
    newOfOld[Int(old)] = new
  }

  /// Matches what matched directories hold under the same name, from the root down.
  private mutating func matchNames<Failure: Error>(
    _ isAlike: (TreeMatching, Int32, Int32) throws(Failure) -> Bool
  ) throws(Failure) {
    for entry in new.catalog.entries.indices {
      let directory = new.shape.inode(of: Int32(entry))
      let was = oldOfNew[Int(directory)]
      guard was >= 0, new.shape.isDirectory(directory) else { continue }
      for pair in old.shape.commonNames(of: was, with: directory, in: new.shape) {
        let (mine, theirs) = (old.shape.inode(of: pair.mine), new.shape.inode(of: pair.theirs))
        if newOfOld[Int(mine)] < 0, oldOfNew[Int(theirs)] < 0, try isAlike(self, mine, theirs) {
          match(mine, theirs)
        }
      }
    }
  }

  private func isChangedInPlace(_ mine: Int32, _ theirs: Int32) throws(BuildError) -> Bool {
    guard old.shape[mine].type == .regular, new.shape[theirs].type == .regular,
      old.shape[mine].isWritten(as: new.shape[theirs])
    else { return false }
    return try old.isChangedInPlace(mine, into: theirs, of: new)
  }

  /// Matches files that are not where they were. An empty one is as well made anew.
  private mutating func matchContents() {
    var left: [Contents: [Int32]] = [:]
    for inode in old.catalog.inodes.indices.reversed()
    where newOfOld[inode] < 0 && old.catalog.inodes[inode].isFileWithData {
      // The first one is the last here, and the first to be taken.
      left[Contents(inode, of: old), default: []].append(Int32(inode))
    }
    if left.isEmpty { return }
    for inode in new.catalog.inodes.indices
    where oldOfNew[inode] < 0 && new.catalog.inodes[inode].isFileWithData {
      let contents = Contents(inode, of: new)
      guard var alike = left.removeValue(forKey: contents) else { continue }
      let name = new.shape.name(new.shape.firstEntries[inode])
      let last = alike.suffix(Self.maximumLookedAt).lastIndex {
        old.shape.name(old.shape.firstEntries[Int($0)]) == name
      }
      match(alike.remove(at: last ?? alike.count - 1), Int32(inode))
      if !alike.isEmpty { left[contents] = alike }
    }
  }
}

extension TreeInode {
  /// Whether its contents tell it from others.
  var isFileWithData: Bool { type == .regular && size > 0 }

  /// Whether a file that is this one can become another one: whether it is copied on write is settled
  /// once it has data.
  func isWritten(as other: TreeInode) -> Bool {
    flags.contains(.noCopyOnWrite) == other.flags.contains(.noCopyOnWrite)
      || size == 0 && other.size == 0
  }
}
