internal import Crypto
internal import Linux

/// Finds what moved, among the names that are gone and those that are new.
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

  /// Pairs regular files of the same contents; empty ones say nothing.
  mutating func findFiles(
    _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) {
    let sizes = Set(removed.map { size($0, in: old) }).intersection(added.map { size($0, in: new) })
    var places: [Content: [Int]] = [:]
    for entry in removed where Self.isWorth(size(entry, in: old), sizes) {
      places[try content(of: entry, in: old, &totals, progress), default: []].append(entry)
    }
    var found: [(entry: Int, content: Content)] = []
    for entry in added where Self.isWorth(size(entry, in: new), sizes) {
      found.append((entry, try content(of: entry, in: new, &totals, progress)))
    }
    // Files that kept their names come first: of several copies, each finds its own.
    for keepsName in [true, false] {
      for (entry, content) in found where !isTaken(entry) {
        let path = new.entries[entry].path
        let index = places[content]?.firstIndex {
          !keepsName || Self.name(old.entries[$0].path) == Self.name(path)
        }
        guard let index, let source = places[content]?.remove(at: index) else { continue }
        pairs[source] = entry
        taken.insert(entry)
      }
    }
  }

  private var taken: Set<Int> = []

  private func isTaken(_ entry: Int) -> Bool { taken.contains(entry) }

  private func size(_ entry: Int, in catalog: TreeCatalog) -> UInt64 {
    let inode = catalog.inodes[catalog.entries[entry].inode]
    return inode.type == .regular ? inode.size : 0
  }

  private static func isWorth(_ size: UInt64, _ sizes: Set<UInt64>) -> Bool {
    size > 0 && sizes.contains(size)
  }

  private func content(
    of entry: Int, in catalog: TreeCatalog, _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) -> Content {
    Content(
      size: size(entry, in: catalog),
      digest: try catalog.digestData(of: catalog.entries[entry], &totals, progress))
  }

  // MARK: Directories

  /// Puts directories that moved in the place of what is in them.
  ///
  /// - Returns: all entries that moved, in either tree.
  mutating func findDirectories(
    _ comparison: InodeComparison
  ) -> (old: Set<Int>, new: Set<Int>) {
    var moved: (old: Set<Int>, new: Set<Int>) = (Set(pairs.keys), Set(pairs.values))
    let addedPaths = Dictionary(
      added.map { (new.entries[$0].path, $0) }, uniquingKeysWith: { first, _ in first })
    var index = 0
    while index < removed.count {
      let directory = removed[index]
      let end = self.end(ofTreeAt: index)
      guard old.inodes[old.entries[directory].inode].type == .directory,
        let target = target(of: index..<end, addedPaths),
        let targets = targets(of: index..<end, target, addedPaths, comparison)
      else {
        index += 1
        continue
      }
      for (source, place) in zip(removed[index..<end], targets) {
        pairs[source] = nil
        moved.old.insert(source)
        moved.new.insert(place)
      }
      pairs[directory] = target
      index = end
    }
    return moved
  }

  /// Where in `removed` the entries below one of it end: all of them are gone, too.
  private func end(ofTreeAt index: Int) -> Int {
    let path = old.entries[removed[index]].path + [0x2F]
    var end = index + 1
    while end < removed.count, old.entries[removed[end]].path.starts(with: path) { end += 1 }
    return end
  }

  /// Where a directory would have moved to, by the first of its files that moved.
  private func target(of range: Range<Int>, _ added: [[UInt8]: Int]) -> Int? {
    let length = old.entries[removed[range.lowerBound]].path.count
    for index in range {
      guard let place = pairs[removed[index]] else { continue }
      let rest = old.entries[removed[index]].path.dropFirst(length)
      let path = new.entries[place].path
      guard path.count > rest.count, path.suffix(rest.count) == rest else { return nil }
      return added[Array(path.dropLast(rest.count))]
    }
    return nil
  }

  /// Where each entry of a directory is, if that is all of it, and nothing is different.
  private func targets(
    of range: Range<Int>, _ target: Int, _ added: [[UInt8]: Int],
    _ comparison: InodeComparison
  ) -> [Int]? {
    let length = old.entries[removed[range.lowerBound]].path.count
    let base = new.entries[target].path
    var targets: [Int] = []
    for index in range {
      let source = removed[index]
      guard let place = added[base + old.entries[source].path.dropFirst(length)] else { return nil }
      guard size(source, in: old) == 0 || pairs[source] == place else { return nil }
      let isRoot = index == range.lowerBound
      if !isRoot, !comparison.metadata(source, place).subtracting([.time]).isEmpty { return nil }
      if new.inodes[new.entries[place].inode].type != old.inodes[old.entries[source].inode].type
        || size(place, in: new) != size(source, in: old)
      {
        return nil
      }
      targets.append(place)
    }
    // Nothing else is in the new one: entries follow their directory.
    let next = target + range.count
    if next < new.entries.count, new.entries[next].path.starts(with: base + [0x2F]) { return nil }
    return targets
  }

  private static func name(_ path: [UInt8]) -> ArraySlice<UInt8> {
    path[(path.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0)...]
  }
}
