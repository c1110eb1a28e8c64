internal import Bytes

/// The nodes that were used last, by their paths.
///
/// Who renames or removes says so here; nobody else changes the tree, so that a path that is found
/// here is what the path means.
struct NodeCache {
  /// As many as the commands of one inode go back and forth between.
  static let capacity = 16

  private var nodes: [Node] = []
  private var clock: UInt64 = 0

  /// The node of a path, if it is here.
  mutating func find(_ path: RawSpan) -> Node? {
    for at in nodes.indices where nodes[at].path.count == path.byteCount {
      let node = nodes[at]
      guard node.path.rawSpan.hasSameBytes(as: path) else { continue }
      // The next command is most often about the same.
      if at != 0 { nodes.swapAt(0, at) }
      touch(node)
      return node
    }
    return nil
  }

  /// Keeps a node, in the place of the one of the same path or of the one that was used least.
  mutating func insert(_ node: Node) {
    touch(node)
    if let same = nodes.firstIndex(where: { $0.path == node.path }) {
      nodes[same] = node
    } else if nodes.count < Self.capacity {
      nodes.append(node)
    } else if let oldest = nodes.indices.min(by: { nodes[$0].lastUse < nodes[$1].lastUse }) {
      nodes[oldest] = node
    }
  }

  private mutating func touch(_ node: Node) {
    clock &+= 1
    node.lastUse = clock
  }

  /// A name is gone, and all that was beneath it.
  mutating func remove(_ path: RawSpan) {
    nodes.removeAll { Self.isAtOrBeneath($0.path.rawSpan, path) }
  }

  /// A name has become another one, in the place of what had that.
  mutating func rename(_ path: RawSpan, to new: RawSpan) {
    if path.hasSameBytes(as: new) { return }
    remove(new)
    for node in nodes where Self.isAtOrBeneath(node.path.rawSpan, path) {
      var renamed = [UInt8](copying: new)
      renamed += node.path[path.byteCount...]
      node.path = renamed
    }
  }

  /// Forgets all, which closes them.
  mutating func removeAll() { nodes.removeAll() }

  private static func isAtOrBeneath(_ path: RawSpan, _ directory: RawSpan) -> Bool {
    let length = directory.byteCount
    guard path.byteCount >= length, path.commonPrefixLength(with: directory) == length else {
      return false
    }
    return path.byteCount == length || path[length] == UInt8(ascii: "/")
  }
}
