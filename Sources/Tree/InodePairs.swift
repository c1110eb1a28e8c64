/// Which inodes of two trees have the same names.
struct InodePairs {
  struct Pair {
    var old: Int
    /// A name of the inode, in either tree.
    var oldEntry: Int
    var newEntry: Int
  }

  /// For each inode of the new tree: the one that had all its names, and no others.
  private(set) var pairs: [Pair?]

  /// The directories in which a name came or went.
  private(set) var changedDirectories: Set<[UInt8]> = []

  init(of old: TreeCatalog, and new: TreeCatalog) {
    pairs = [Pair?](repeating: nil, count: new.inodes.count)
    var isBroken = [Bool](repeating: false, count: new.inodes.count)
    var merge = CatalogMerge(old, new)
    while let names = merge.next() {
      guard let newEntry = names.new else {
        if let oldEntry = names.old { noteChange(old.entries[oldEntry].path) }
        continue
      }
      let inode = new.entries[newEntry].inode
      guard let oldEntry = names.old else {
        noteChange(new.entries[newEntry].path)
        isBroken[inode] = true
        continue
      }
      let found = old.entries[oldEntry].inode
      if let pair = pairs[inode] {
        if pair.old != found { isBroken[inode] = true }
      } else {
        pairs[inode] = Pair(old: found, oldEntry: oldEntry, newEntry: newEntry)
      }
    }
    for index in pairs.indices where isBroken[index] { pairs[index] = nil }
  }

  private mutating func noteChange(_ path: [UInt8]) {
    let end = path.lastIndex(of: 0x2F) ?? 0
    changedDirectories.insert(Array(path[..<end]))
  }
}
