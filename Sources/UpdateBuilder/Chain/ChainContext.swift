internal import Tree

/// What a chain of updates needs to become a tree, besides its files.
struct ChainContext {
  /// The tree that the first update starts from, unless that is a full one.
  var parent: TreeCatalog?
  /// Whose updates may be used.
  var trust = ChainTrust.keys([])
  /// The directory in which the tree's contents are kept.
  var place = "."
}
