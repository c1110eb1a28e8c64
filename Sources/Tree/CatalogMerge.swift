/// Goes through the names of two catalogs in their order.
struct CatalogMerge {
  private let old: TreeCatalog
  private let new: TreeCatalog
  private var (oldNext, newNext) = (0, 0)

  init(_ old: TreeCatalog, _ new: TreeCatalog) {
    self.old = old
    self.new = new
  }

  /// The next name, as entries of one tree or of both; `nil` at the end.
  mutating func next() -> (old: Int?, new: Int?)? {
    let (hasOld, hasNew) = (oldNext < old.entries.count, newNext < new.entries.count)
    guard hasOld || hasNew else { return nil }
    guard hasOld else { return (nil, takeNew()) }
    guard hasNew else { return (takeOld(), nil) }
    let (mine, theirs) = (old.entries[oldNext].path, new.entries[newNext].path)
    if mine == theirs { return (takeOld(), takeNew()) }
    return TreeCatalog.isBefore(mine, theirs) ? (takeOld(), nil) : (nil, takeNew())
  }

  private mutating func takeOld() -> Int {
    defer { oldNext += 1 }
    return oldNext
  }

  private mutating func takeNew() -> Int {
    defer { newNext += 1 }
    return newNext
  }
}

extension TreeCatalog {
  /// Whether a path comes before another in a catalog: a directory's entries come before a sibling
  /// whose name only begins like the directory's, as a slash is before any byte of a name.
  public static func isBefore(_ path: [UInt8], _ other: [UInt8]) -> Bool {
    path.lexicographicallyPrecedes(other) { ($0 == 0x2F ? 0 : $0) < ($1 == 0x2F ? 0 : $1) }
  }
}
