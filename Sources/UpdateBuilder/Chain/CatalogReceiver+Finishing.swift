internal import Linux
internal import Tree

extension CatalogReceiver {
  /// The new tree, once END was there: the catalog, over a directory that has all its contents.
  ///
  /// - Throws: ``CatalogReceiveError``; the receiver is of no use afterwards.
  func finish() throws(CatalogReceiveError) -> TreeCatalog {
    do throws(CatalogReceiveError.Reason) {
      defer { state = .failed }
      guard state == .ended else { throw .outOfOrder }
      return try system { () throws(SystemError) in
        let root = try TreeRoot(store.tree)
        var layout = TreeLayout(names: names, store: store, root: root)
        try layout.run()
        return TreeCatalog(entries: layout.entries, inodes: layout.inodes, root: root)
      }
    } catch {
      throw CatalogReceiveError(command: nil, offset: 0, path: [], reason: error)
    }
  }
}

/// Lays a tree out: its directories, and its regular files under all their names.
private struct TreeLayout {
  let names: NameTable
  let store: ContentStore
  let root: TreeRoot
  private(set) var entries: [TreeCatalog.Entry] = []
  private(set) var inodes: [TreeInode] = []
  /// The number that each inode of the table has in the catalog, once it has one.
  private var numbers: [Int: Int] = [:]
  /// Where a file with several names was placed first.
  private var places: [Int: [UInt8]] = [:]

  init(names: NameTable, store: ContentStore, root: TreeRoot) {
    self.names = names
    self.store = store
    self.root = root
  }

  /// Goes through the tree as a walk would.
  mutating func run() throws(SystemError) {
    var pending: [(path: [UInt8], inode: Int)] = [([], NameTable.root)]
    while let (path, inode) = pending.popLast() {
      entries.append(TreeCatalog.Entry(path: path, inode: number(of: inode)))
      guard names.inodes[inode].value.type == .directory else { continue }
      // In reverse, so that the next one is the last.
      let children = names.inodes[inode].entries.sorted {
        $1.key.lexicographicallyPrecedes($0.key)
      }
      if children.isEmpty { continue }
      try place(children.map { ($0.key, $0.value) }, path)
      for (name, child) in children { pending.append((Self.join(path, name), child)) }
    }
  }

  private mutating func number(of inode: Int) -> Int {
    if let known = numbers[inode] { return known }
    numbers[inode] = inodes.count
    inodes.append(names.inodes[inode].value)
    return inodes.count - 1
  }

  private mutating func place(
    _ children: [(name: [UInt8], inode: Int)], _ path: [UInt8]
  ) throws(SystemError) {
    let directory = try root.directory.open(beneath: path, .directory)
    for (name, child) in children {
      let inode = names.inodes[child]
      switch inode.value.type {
      case .directory: try directory.makeDirectory(name)
      case .regular where places[child] != nil:
        let first = try root.directory.open(beneath: places[child] ?? [], .noFollow)
        try directory.makeLink(name, toFile: first)
      case .regular:
        try store.place(inode, at: name, in: directory)
        if inode.value.linkCount > 1 { places[child] = Self.join(path, name) }
      default: break
      }
    }
  }

  private static func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
    path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
  }
}
