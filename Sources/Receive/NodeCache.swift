internal import Bytes

/// The nodes that were used last, by their paths.
///
/// Who renames or removes says so here; nobody else changes the tree, so that a path that is found
/// here is what the path means.
struct NodeCache {
  private let capacity: Int
  private var nodes: [Node] = []
  /// A hash of each node's path.
  private var hashes: [UInt64] = []
  /// Where the node of a hash is. Two paths of one hash are never here together: whoever makes such
  /// on purpose has them opened again and again.
  private var places: [UInt64: Int] = [:]
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
    if let same = places[hash] {
      nodes[same] = node
    } else if nodes.count < capacity {
      places[hash] = nodes.count
      nodes.append(node)
      hashes.append(hash)
    } else if let oldest = nodes.indices.min(by: { nodes[$0].lastUse < nodes[$1].lastUse }) {
      places[hashes[oldest]] = nil
      places[hash] = oldest
      nodes[oldest] = node
      hashes[oldest] = hash
    }
  }

  /// A name is gone that nothing was beneath.
  mutating func removeOne(_ path: RawSpan) {
    if let at = index(path) { remove(at: at) }
  }

  /// A name is gone, and all that was beneath it.
  mutating func remove(_ path: RawSpan) {
    var at = 0
    while at < nodes.count {
      let node = nodes[at]
      if Self.isAtOrBeneath(node.path.rawSpan, path) {
        remove(at: at)
      } else {
        at += 1
      }
    }
  }

  /// The last one takes its place.
  private mutating func remove(at place: Int) {
    let last = nodes.count - 1
    nodes.swapAt(place, last)
    hashes.swapAt(place, last)
    places[hashes[place]] = place
    places[hashes[last]] = nil
    nodes.removeLast()
    hashes.removeLast()
  }

  /// A name has become another one, in the place of what had that.
  mutating func rename(_ path: RawSpan, to new: RawSpan) {
    if path.hasSameBytes(as: new) { return }
    remove(new)
    var moved: [Node] = []
    for node in nodes where Self.isAtOrBeneath(node.path.rawSpan, path) { moved.append(node) }
    if moved.isEmpty { return }
    remove(path)
    for node in moved {
      let used = node.lastUse
      node.path = [UInt8](copying: new) + node.path[path.byteCount...]
      insert(node)
      node.lastUse = used
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
    places.removeAll()
  }

  private func index(_ path: RawSpan) -> Int? {
    guard let at = places[Self.hash(path)] else { return nil }
    let node = nodes[at]
    return node.path.rawSpan.hasSameBytes(as: path) ? at : nil
  }

  private mutating func touch(_ node: Node) {
    clock &+= 1
    node.lastUse = clock
  }

  /// FNV-1a, eight bytes a step.
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
