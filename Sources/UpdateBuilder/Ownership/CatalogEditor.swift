internal import Linux
internal import Tree

/// A catalog to which names are added.
struct CatalogEditor {
  private let original: TreeCatalog
  private var names: [[UInt8]: Int]
  private var added: [TreeCatalog.Entry] = []
  /// The inodes, new ones behind the others.
  var inodes: [TreeInode]

  init(_ catalog: TreeCatalog) {
    original = catalog
    inodes = catalog.inodes
    names = Dictionary(
      catalog.entries.map { ($0.path, $0.inode) }, uniquingKeysWith: { first, _ in first })
  }

  /// Which inode a path leads to.
  func inode(_ path: [UInt8]) -> Int? { names[path] }

  /// The inodes of a directory and all below it.
  func inodes(below path: [UInt8]) -> Set<Int> {
    let prefix = path.isEmpty ? [] : path + [0x2F]
    return Set(
      (original.entries + added).filter { $0.path == path || $0.path.starts(with: prefix) }
        .map(\.inode))
  }

  /// Adds an inode, as old as the directory that it is in.
  ///
  /// - Returns: its number.
  mutating func add(
    _ path: [UInt8], _ type: FileType, permissions: UInt32
  ) throws(OwnershipError.Reason) -> Int {
    let parent = Array(path[..<(path.lastIndex(of: 0x2F) ?? 0)])
    guard let directory = names[parent] else { throw .missing(path: parent) }
    guard inodes[directory].type == .directory else { throw .otherType(path: parent) }
    names[path] = inodes.count
    added.append(TreeCatalog.Entry(path: path, inode: inodes.count))
    inodes.append(
      TreeInode(
        type: type, permissions: permissions, modificationTime: inodes[directory].modificationTime))
    return inodes.count - 1
  }

  /// The catalog, in order again.
  consuming func catalog() -> TreeCatalog {
    if added.isEmpty {
      var catalog = original
      catalog.inodes = inodes
      return catalog
    }
    let sorted = (original.entries + added).sorted { TreeCatalog.isBefore($0.path, $1.path) }
    var numbers = [Int?](repeating: nil, count: inodes.count)
    var ordered: [TreeInode] = []
    let entries = sorted.map { entry in
      if let number = numbers[entry.inode] {
        return TreeCatalog.Entry(path: entry.path, inode: number)
      }
      numbers[entry.inode] = ordered.count
      ordered.append(inodes[entry.inode])
      return TreeCatalog.Entry(path: entry.path, inode: ordered.count - 1)
    }
    return TreeCatalog(
      entries: entries, inodes: ordered, root: original.root, leftOut: original.leftOut)
  }
}
