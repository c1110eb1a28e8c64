public import Tree

/// What a chain of updates needs to become a tree, besides its files.
public struct ChainContext: Sendable {
  /// The tree that the first update starts from, unless that is a full one.
  public var parent: TreeCatalog?
  /// Whose updates may be used.
  public var trust: ChainTrust
  /// The directory in which the tree's contents are kept.
  public var place: String

  /// A context in which nobody's updates may be used, unless it says whose.
  public init(
    parent: TreeCatalog? = nil, trust: ChainTrust = .keys([]),
    place: String = TemporaryTree.standardPlace
  ) {
    self.parent = parent
    self.trust = trust
    self.place = place
  }
}
