internal import Linux

/// Compares what names of two trees lead to.
struct InodeComparison {
  private struct Pair: Hashable {
    var old: Int
    var new: Int
  }

  private let old: TreeCatalog
  private let new: TreeCatalog
  /// Of old inodes with several names, the new one that has the same names.
  private let sameLinks: [Int: Int]
  /// Of files with several names: whether contents are the same.
  private var known: [Pair: Bool] = [:]

  init(_ old: TreeCatalog, _ new: TreeCatalog) {
    self.old = old
    self.new = new
    sameLinks = Self.sameLinks(Self.links(of: old), Self.links(of: new))
  }

  private static func sameLinks(
    _ old: [Int: [[UInt8]]], _ new: [Int: [[UInt8]]]
  ) -> [Int: Int] {
    var newOfFirst: [[UInt8]: Int] = [:]
    for (inode, names) in new { if let first = names.first { newOfFirst[first] = inode } }
    return old.compactMapValues { names in
      names.first.flatMap { newOfFirst[$0] }.flatMap { new[$0] == names ? $0 : nil }
    }
  }

  /// The names of the inodes that have several.
  private static func links(of catalog: TreeCatalog) -> [Int: [[UInt8]]] {
    var links: [Int: [[UInt8]]] = [:]
    for entry in catalog.entries where catalog.inodes[entry.inode].linkCount > 1 {
      links[entry.inode, default: []].append(entry.path)
    }
    return links
  }

  /// In what two entries of one path differ.
  mutating func aspects(
    _ mine: Int, _ theirs: Int, _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) -> Set<TreeChange.Aspect> {
    var aspects = metadata(mine, theirs)
    if aspects.contains(.type) { return [.type] }
    let (my, their) = (old.entries[mine], new.entries[theirs])
    guard old.inodes[my.inode].type == .regular else { return aspects }
    let pair = Pair(old: my.inode, new: their.inode)
    let isSame: Bool
    if let known = known[pair] {
      isSame = known
    } else {
      isSame = try old.hasSameContents(my, as: their, of: new, &totals, progress)
      if new.inodes[their.inode].linkCount > 1 { known[pair] = isSame }
    }
    if !isSame { aspects.insert(.contents) }
    return aspects
  }

  /// The same but for contents, and for links of what moved.
  func metadata(_ mine: Int, _ theirs: Int) -> Set<TreeChange.Aspect> {
    let (mineInode, theirInode) = (old.entries[mine].inode, new.entries[theirs].inode)
    let (my, their) = (old.inodes[mineInode], new.inodes[theirInode])
    var aspects: Set<TreeChange.Aspect> = []
    func note(_ aspect: TreeChange.Aspect, _ isDifferent: Bool) {
      if isDifferent { aspects.insert(aspect) }
    }
    note(.type, my.type != their.type)
    note(.target, my.target != their.target)
    note(.device, my.specialDevice != their.specialDevice)
    note(.permissions, my.permissions != their.permissions)
    note(.owner, (my.user, my.group) != (their.user, their.group))
    note(.attributes, my.attributes != their.attributes)
    note(.flags, my.flags != their.flags)
    note(.time, my.modificationTime != their.modificationTime)
    if my.type != .directory, old.entries[mine].path == new.entries[theirs].path {
      let isSingle = my.linkCount == 1 && their.linkCount == 1
      note(.links, !isSingle && sameLinks[mineInode] != theirInode)
    }
    return aspects
  }

  /// A change of entries of either tree.
  func change(
    _ mine: Int?, _ theirs: Int?, _ kind: TreeChange.Kind, _ aspects: Set<TreeChange.Aspect> = []
  ) -> TreeChange {
    let (my, their) = (mine.map { old.entries[$0] }, theirs.map { new.entries[$0] })
    return TreeChange(
      path: their?.path ?? my?.path ?? [], kind: kind, aspects: aspects,
      old: my.map { old.inodes[$0.inode] }, new: their.map { new.inodes[$0.inode] })
  }
}
