internal import Bytes
internal import Linux
internal import Tree

/// A catalog with what planning asks of it: which directory holds a name, and what a directory holds.
///
/// Memory: 16 bytes a name and 8 an inode, besides the catalog.
struct TreeShape: Sendable {
  let catalog: TreeCatalog
  /// The directory, as an inode, that holds each name; -1 for the root.
  let directories: [Int32]
  /// The first name of each inode.
  let firstEntries: [Int32]
  private let nameStarts: [Int32]
  private let childStarts: [Int32]
  private let allChildren: [Int32]

  /// - Throws: ``BuildError/planFailedCheck(_:)`` for a catalog whose names are not in their order.
  init(_ catalog: TreeCatalog) throws(BuildError) {
    self.catalog = catalog
    guard Int32(exactly: catalog.entries.count) != nil, catalog.entries.first?.path == [] else {
      throw .planFailedCheck("a catalog without a root, or with too many names")
    }
    var directories: [Int32] = []
    var nameStarts: [Int32] = []
    var firstEntries = [Int32](repeating: -1, count: catalog.inodes.count)
    // The directories that lead to the current name.
    var levels: [Int32] = []
    for (index, entry) in catalog.entries.enumerated() {
      let path = entry.path.rawSpan
      var (depth, nameStart) = (path.byteCount > 0 ? 1 : 0, 0)
      for at in 0..<path.byteCount where path[at] == UInt8(ascii: "/") {
        (depth, nameStart) = (depth + 1, at + 1)
      }
      guard depth <= levels.count, (depth == 0) == (index == 0) else {
        throw .planFailedCheck("a catalog that is out of order")
      }
      directories.append(depth > 0 ? levels[depth - 1] : -1)
      nameStarts.append(Int32(truncatingIfNeeded: nameStart))
      if firstEntries[entry.inode] < 0 { firstEntries[entry.inode] = Int32(index) }
      levels.removeLast(levels.count - depth)
      if catalog.inodes[entry.inode].type == .directory { levels.append(Int32(entry.inode)) }
    }
    self.directories = directories
    self.nameStarts = nameStarts
    self.firstEntries = firstEntries
    (childStarts, allChildren) = Self.children(directories, inodeCount: catalog.inodes.count)
  }

  /// The names that each directory holds, one directory after the other.
  private static func children(
    _ directories: [Int32], inodeCount: Int
  ) -> (starts: [Int32], children: [Int32]) {
    var starts = [Int32](repeating: 0, count: inodeCount + 1)
    for directory in directories.dropFirst() { starts[Int(directory) + 1] += 1 }
    for index in 0..<inodeCount { starts[index + 1] += starts[index] }
    var next = starts
    var children = [Int32](repeating: 0, count: Swift.max(directories.count - 1, 0))
    for (entry, directory) in directories.enumerated().dropFirst() {
      children[Int(next[Int(directory)])] = Int32(entry)
      next[Int(directory)] += 1
    }
    return (starts, children)
  }

  /// The names that a directory holds, in their order.
  func children(of directory: Int32) -> ArraySlice<Int32> {
    let index = Int(directory)
    return allChildren[Int(childStarts[index])..<Int(childStarts[index + 1])]
  }

  func inode(of entry: Int32) -> Int32 {
    Int32(truncatingIfNeeded: catalog.entries[Int(entry)].inode)
  }

  subscript(inode: Int32) -> TreeInode { catalog.inodes[Int(inode)] }

  func path(_ entry: Int32) -> [UInt8] { catalog.entries[Int(entry)].path }

  /// The last component of a path.
  func name(_ entry: Int32) -> ArraySlice<UInt8> {
    catalog.entries[Int(entry)].path[Int(nameStarts[Int(entry)])...]
  }

  func isDirectory(_ inode: Int32) -> Bool { self[inode].type == .directory }

  /// The names that a directory of this tree and one of another have in common, as pairs.
  func commonNames(
    of directory: Int32, with other: Int32, in tree: TreeShape
  ) -> [(mine: Int32, theirs: Int32)] {
    var pairs: [(mine: Int32, theirs: Int32)] = []
    var (mine, theirs) = (children(of: directory), tree.children(of: other))
    while let my = mine.first, let their = theirs.first {
      let order = Self.order(name(my), tree.name(their))
      if order == 0 { pairs.append((my, their)) }
      if order <= 0 { mine.removeFirst() }
      if order >= 0 { theirs.removeFirst() }
    }
    return pairs
  }

  private static func order(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Int {
    let (one, other) = (unsafe one.span.bytes, unsafe other.span.bytes)
    let shared = one.commonPrefixLength(with: other)
    if shared < one.byteCount, shared < other.byteCount {
      return one[shared] < other[shared] ? -1 : 1
    }
    return one.byteCount < other.byteCount ? -1 : one.byteCount > other.byteCount ? 1 : 0
  }
}
