internal import Bytes

/// The nodes that were used last, by their paths.
///
/// Who renames or removes says so here; nobody else changes the tree, so that a path that is found
/// here is what the path means.
struct NodeCache {
  private let capacity: Int
  private var nodes: [Node] = []
  /// A hash of each node's path, to look at few nodes.
  private var hashes: [UInt64] = []
  private var clock: UInt64 = 0

  init(capacity: Int) { self.capacity = capacity }

  /// The node of a path, if it is here.
  mutating func find(_ path: RawSpan) -> Node? {
    guard let at = index(path) else { return nil }
    touch(nodes[at])
    return nodes[at]
  }

  /// Keeps a node, in the place of the one of the same path or of the one that was used least.
  mutating func insert(_ node: Node) {
    touch(node)
    let hash = Self.hash(node.path.rawSpan)
    if let same = index(node.path.rawSpan) {
      nodes[same] = node
    } else if nodes.count < capacity {
      nodes.append(node)
      hashes.append(hash)
    } else if let oldest = nodes.indices.min(by: { nodes[$0].lastUse < nodes[$1].lastUse }) {
      nodes[oldest] = node
      hashes[oldest] = hash
    }
  }

  /// A name is gone, and all that was beneath it.
  mutating func remove(_ path: RawSpan) {
    var at = 0
    while at < nodes.count {
      let node = nodes[at]
      if Self.isAtOrBeneath(node.path.rawSpan, path) {
        nodes.swapAt(at, nodes.count - 1)
        hashes.swapAt(at, nodes.count - 1)
        nodes.removeLast()
        hashes.removeLast()
      } else {
        at += 1
      }
    }
  }

  /// A name has become another one, in the place of what had that.
  mutating func rename(_ path: RawSpan, to new: RawSpan) {
    if path.hasSameBytes(as: new) { return }
    remove(new)
    for at in nodes.indices {
      let node = nodes[at]
      guard Self.isAtOrBeneath(node.path.rawSpan, path) else { continue }
      var renamed = [UInt8](copying: new)
      renamed += node.path[path.byteCount...]
      node.path = renamed
      hashes[at] = Self.hash(renamed.rawSpan)
    }
  }

  /// What was known of them besides what they are may be wrong: one of them may be another name of a
  /// file that was changed.
  func forgetState() {
    for node in nodes { (node.owner, node.capability) = (nil, .unknown) }
  }

  /// Forgets all, which closes them.
  mutating func removeAll() {
    nodes.removeAll()
    hashes.removeAll()
  }

  private func index(_ path: RawSpan) -> Int? {
    let hash = Self.hash(path)
    for at in hashes.indices where hashes[at] == hash {
      let node = nodes[at]
      if node.path.rawSpan.hasSameBytes(as: path) { return at }
    }
    return nil
  }

  private mutating func touch(_ node: Node) {
    clock &+= 1
    node.lastUse = clock
  }

  /// FNV-1a, eight bytes a step; whoever makes paths of one hash on purpose only makes it slow to
  /// look among a few.
  private static func hash(_ path: RawSpan) -> UInt64 {
    var hash = 0xCBF2_9CE4_8422_2325 ^ UInt64(path.byteCount)
    var cursor = ByteCursor(path)
    while let word = cursor.read(UInt64.self) {
      hash = (hash ^ word) &* 0x100_0000_01B3
      hash ^= hash &>> 29
    }
    while let byte = cursor.read(UInt8.self) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  private static func isAtOrBeneath(_ path: RawSpan, _ directory: RawSpan) -> Bool {
    let length = directory.byteCount
    guard path.byteCount >= length, path.commonPrefixLength(with: directory) == length else {
      return false
    }
    return path.byteCount == length || path[length] == UInt8(ascii: "/")
  }
}
