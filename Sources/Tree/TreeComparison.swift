internal import Bytes
public import Linux

/// In which ways two trees differ, by the same rules by which ``TreeDigest`` sees them.
public struct TreeComparison: Sendable {
  /// The differences, in the order of the paths.
  public private(set) var differences: [TreeDifference] = []

  /// Whether there are more differences than were asked for.
  public private(set) var isCut = false

  /// How much was compared: names and bytes of the first tree.
  public private(set) var totals = TreeTotals()

  /// Whether the trees are the same.
  public var isSame: Bool { differences.isEmpty && !isCut }

  private let comparesTimes: Bool
  private let limit: Int

  /// Compares the trees below two open directories.
  ///
  /// - Parameters:
  ///   - comparesTimes: whether modification times count: as in ``TreeDigest/full``, or as in
  ///     ``TreeDigest/content``.
  ///   - limit: ends with this many differences.
  ///   - progress: is told how far it has come, at least once an entry and once a file chunk.
  /// - Throws: `ECANCELED` if `progress` says so, besides what the calls give.
  public init(
    of first: borrowing Descriptor, and second: borrowing Descriptor,
    comparingTimes comparesTimes: Bool = true, limit: Int = 100,
    progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    self.comparesTimes = comparesTimes
    self.limit = limit
    var one = try TreeWalker(first)
    var other = try TreeWalker(second)
    var (mine, theirs) = (try one.next(), try other.next())
    while !isCut, mine != nil || theirs != nil {
      switch Self.order(mine, theirs) {
      case .both(let my, let their):
        totals.entries += 1
        if my.status.type == their.status.type {
          try compare(my, their, progress)
        } else {
          note(.type, my)
          one.skipEntries(of: my)
          other.skipEntries(of: their)
        }
        try my.report(totals, to: progress)
        (mine, theirs) = (try one.next(), try other.next())
      case .onlyFirst(let my):
        note(.onlyInFirst, my)
        one.skipEntries(of: my)
        mine = try one.next()
      case .onlySecond(let their):
        note(.onlyInSecond, their)
        other.skipEntries(of: their)
        theirs = try other.next()
      case .neither: return
      }
    }
  }

  private enum Order {
    case both(TreeNode, TreeNode)
    case onlyFirst(TreeNode)
    case onlySecond(TreeNode)
    case neither
  }

  /// Which of two nodes comes first; the other one is missing from its tree then.
  private static func order(_ mine: TreeNode?, _ theirs: TreeNode?) -> Order {
    guard let mine else { return theirs.map { .onlySecond($0) } ?? .neither }
    guard let theirs else { return .onlyFirst(mine) }
    if mine.path == theirs.path { return .both(mine, theirs) }
    return TreeCatalog.isBefore(mine.path, theirs.path) ? .onlyFirst(mine) : .onlySecond(theirs)
  }

  private mutating func note(_ kind: TreeDifference.Kind, _ node: TreeNode) {
    if differences.count >= limit {
      isCut = true
    } else {
      differences.append(TreeDifference(path: node.path, kind: kind))
    }
  }

  private mutating func compare(
    _ mine: TreeNode, _ theirs: TreeNode, _ progress: TreeProgress
  ) throws(SystemError) {
    if mine.firstPath != theirs.firstPath { return note(.hardLink, mine) }
    // A later name shows nothing that the first did not.
    if mine.firstPath != nil { return }
    if mine.permissions != theirs.permissions { note(.permissions, mine) }
    let (my, their) = (mine.status, theirs.status)
    if (my.user, my.group) != (their.user, their.group) { note(.owner, mine) }
    if comparesTimes, my.modificationTime != their.modificationTime {
      note(.modificationTime, mine)
    }
    try compareAttributes(mine, theirs)
    switch my.type {
    case .regular: try compareData(mine, theirs, progress)
    case .symbolicLink:
      let target = try mine.descriptor.symbolicLinkTarget()
      if try target != theirs.descriptor.symbolicLinkTarget() { note(.target, mine) }
    case .characterDevice, .blockDevice:
      if my.specialDevice != their.specialDevice { note(.device, mine) }
    case .directory, .fifo, .socket: break
    }
  }

  private mutating func compareAttributes(
    _ mine: TreeNode, _ theirs: TreeNode
  ) throws(SystemError) {
    let (my, their) = (Set(try mine.attributes()), Set(try theirs.attributes()))
    let names = Set(my.symmetricDifference(their).map(\.name))
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      note(.attribute(name), mine)
    }
  }

  private mutating func compareData(
    _ mine: TreeNode, _ theirs: TreeNode, _ progress: TreeProgress
  ) throws(SystemError) {
    let size = mine.status.size
    if size != theirs.status.size { return note(.size, mine) }
    var offset: UInt64 = 0
    while offset < size {
      let my = try mine.readChunk()
      let their = try theirs.readChunk()
      if my.isEmpty { throw mine.changed }
      // Both sizes are the same, so are all chunks', unless a file is being written.
      if my.count != their.count { throw theirs.changed }
      let same = my.rawSpan.commonPrefixLength(with: their.rawSpan)
      if same < my.count { return note(.contents(at: offset + UInt64(same)), mine) }
      offset += UInt64(my.count)
      totals.dataBytes += UInt64(my.count)
      try mine.report(totals, to: progress)
    }
  }
}
