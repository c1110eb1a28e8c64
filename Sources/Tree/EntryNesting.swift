/// How some entries of a catalog lie within each other.
struct EntryNesting {
  let catalog: TreeCatalog
  /// The entries, in the catalog's order; of a directory all that is in it.
  let entries: [Int]
  /// For each of them, where the directory that it is in stands among them; `nil` if it does not.
  private(set) var parents: [Int?] = []
  /// For each of them, how many are in it, those further below not counted.
  private(set) var childCounts: [Int]
  /// For each of them, where what is below it ends.
  private(set) var ends: [Int]

  init(of entries: [Int], in catalog: TreeCatalog) {
    self.catalog = catalog
    self.entries = entries
    childCounts = [Int](repeating: 0, count: entries.count)
    ends = [Int](repeating: entries.count, count: entries.count)
    parents.reserveCapacity(entries.count)
    var open: [Int] = []
    for (index, entry) in entries.enumerated() {
      let path = catalog.entries[entry].path
      while let last = open.last, !Self.isBelow(path, catalog.entries[entries[last]].path) {
        ends[last] = index
        open.removeLast()
      }
      parents.append(open.last)
      if let parent = open.last { childCounts[parent] += 1 }
      open.append(index)
    }
  }

  private static func isBelow(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
    path.count > directory.count && path[directory.count] == 0x2F && path.starts(with: directory)
  }

  /// What the entry at a place leads to.
  func inode(at index: Int) -> TreeInode { catalog.inode(of: entries[index]) }

  /// The last component of its path.
  func name(at index: Int) -> ArraySlice<UInt8> { catalog.entries[entries[index]].name }
}
