internal import Crypto
internal import Linux

/// Finds what moved, among the names that are gone and those that are new, in time that grows with
/// their number.
struct TreeMoves {
  private let old: TreeCatalog
  private let new: TreeCatalog
  private let removed: [Int]
  private let added: [Int]

  /// Entries of the old tree, and where they are in the new one.
  private(set) var pairs: [Int: Int] = [:]

  init(_ old: TreeCatalog, _ new: TreeCatalog, removed: [Int], added: [Int]) {
    self.old = old
    self.new = new
    self.removed = removed
    self.added = added
  }

  // MARK: Files

  private struct Content: Hashable {
    var size: UInt64
    var digest: SHA256Digest
  }

  /// A regular file: of several names of an inode, each is one.
  private struct File: Hashable {
    var content: Content
    var name: ArraySlice<UInt8>
  }

  /// Pairs regular files of the same contents; empty ones say nothing.
  mutating func findFiles(
    _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) {
    let sizes = Self.sizes(of: removed, in: old).intersection(Self.sizes(of: added, in: new))
    let gone = try Self.files(removed, in: old, sizes, &totals, progress)
    let came = try Self.files(added, in: new, sizes, &totals, progress)
    var taken: Set<Int> = []
    // Files that kept their names come first: of several copies, each finds its own.
    pair(gone, came, &taken) { $0 }
    pair(gone, came, &taken) { $0.content }
  }

  /// Pairs those that agree in something, in the order of both trees.
  private mutating func pair<Key: Hashable>(
    _ gone: [(entry: Int, file: File)], _ came: [(entry: Int, file: File)],
    _ taken: inout Set<Int>, by key: (File) -> Key
  ) {
    // The first of each comes last, where it is taken away at once.
    var waiting: [Key: [Int]] = [:]
    for (entry, file) in gone.reversed() where pairs[entry] == nil {
      waiting[key(file), default: []].append(entry)
    }
    for (entry, file) in came where !taken.contains(entry) {
      guard let source = waiting[key(file)]?.popLast() else { continue }
      pairs[source] = entry
      taken.insert(entry)
    }
  }

  /// The sizes of regular files.
  private static func sizes(of entries: [Int], in catalog: TreeCatalog) -> Set<UInt64> {
    Set(entries.lazy.map { catalog.inode(of: $0).size }.filter { $0 > 0 })
  }

  /// The files of these sizes. Each inode is read once, however many names it has.
  private static func files(
    _ entries: [Int], in catalog: TreeCatalog, _ sizes: Set<UInt64>, _ totals: inout TreeTotals,
    _ progress: TreeProgress
  ) throws(SystemError) -> [(entry: Int, file: File)] {
    var files: [(Int, File)] = []
    var known: [Int: SHA256Digest] = [:]
    for index in entries {
      let (entry, inode) = (catalog.entries[index], catalog.inode(of: index))
      guard inode.type == .regular, sizes.contains(inode.size) else { continue }
      let digest: SHA256Digest
      if let before = known[entry.inode] {
        digest = before
      } else {
        digest = try catalog.digestData(of: entry, &totals, progress)
        if inode.linkCount > 1 { known[entry.inode] = digest }
      }
      let content = Content(size: inode.size, digest: digest)
      files.append((index, File(content: content, name: entry.name)))
    }
    return files
  }

  // MARK: Directories

  /// Puts directories that moved in the place of what is in them.
  ///
  /// - Returns: all entries that moved, in either tree.
  mutating func findDirectories(
    _ comparison: InodeComparison
  ) -> (old: Set<Int>, new: Set<Int>) {
    var moved: (old: Set<Int>, new: Set<Int>) = (Set(pairs.keys), Set(pairs.values))
    let directories = DirectoryMoves(
      EntryNesting(of: removed, in: old), EntryNesting(of: added, in: new), files: pairs, comparison
    )
    for tree in directories.found {
      for (source, place) in tree {
        pairs[source] = nil
        moved.old.insert(source)
        moved.new.insert(place)
      }
      if let directory = tree.first { pairs[directory.old] = directory.new }
    }
    return moved
  }
}

extension TreeCatalog {
  /// What an entry leads to.
  func inode(of entry: Int) -> TreeInode { inodes[entries[entry].inode] }
}

extension TreeCatalog.Entry {
  /// The last component of the path.
  var name: ArraySlice<UInt8> { path[(path.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0)...] }
}
