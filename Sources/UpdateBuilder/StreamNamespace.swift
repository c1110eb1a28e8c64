/// Follows the names of files through a stream: where each was in the parent, and where it is in
/// the end.
///
/// The kernel makes new files under names like `o257-9-0` and renames directories late, so a path
/// in a command is neither the file's old one nor its final one. Only names that the stream
/// touches are kept.
final class StreamNamespace {
  /// One name in one directory.
  final class Node {
    fileprivate(set) weak var directory: Node?
    fileprivate(set) var name: [UInt8]
    fileprivate var children: [[UInt8]: Node] = [:]
    /// Of a file that the stream made, how far it was written so far; `nil` of any other.
    var writtenEnd: UInt64?
    /// How many runs of WRITEs it has.
    var runCount = 0
    /// Whether its contents were changed otherwise: cut off, or shared with another file than one of
    /// the parent.
    var isChangedOtherwise = false
    /// The path in the parent snapshot; `nil` for what the stream made.
    let origin: [UInt8]?

    fileprivate init(name: [UInt8], origin: [UInt8]?) {
      self.name = name
      self.origin = origin
    }
  }

  private let root: Node
  /// Directories whose entries changed since their times were set.
  private var touched: [ObjectIdentifier: Node] = [:]

  /// The names of a stream that begins with an empty subvolume, or with a snapshot of a parent.
  init(hasParent: Bool) {
    root = Node(name: [], origin: hasParent ? [] : nil)
  }

  /// What a path names now. A name that the stream has not touched yet is taken over from the
  /// parent.
  func node(at path: [UInt8]) -> Node {
    var node = root
    for name in path.split(separator: UInt8(ascii: "/")) {
      node = child(Array(name), of: node)
    }
    return node
  }

  /// Says that a new file or directory was made.
  func create(_ path: [UInt8]) {
    let node = Node(name: [], origin: nil)
    node.writtenEnd = 0
    insert(node, at: path)
  }

  /// Says that a name was changed.
  func rename(_ path: [UInt8], to newPath: [UInt8]) {
    let moved = node(at: path)
    remove(path)
    insert(moved, at: newPath)
  }

  /// Says that a file has one more name.
  func link(_ path: [UInt8], to existing: [UInt8]) {
    insert(Node(name: [], origin: node(at: existing).origin), at: path)
  }

  /// Says that a name is gone.
  func remove(_ path: [UInt8]) {
    let node = node(at: path)
    if let directory = node.directory {
      directory.children[node.name] = nil
      touch(directory)
    }
    node.directory = nil
  }

  /// Says that a file's or directory's times were set.
  func setTimes(_ path: [UInt8]) {
    if !touched.isEmpty { touched[ObjectIdentifier(node(at: path))] = nil }
  }

  /// The paths, as the names are now, of the directories whose entries changed since their times
  /// were set: carried out like that, they would have the time of that instead of their own.
  func directoriesWithoutTimes() -> [[UInt8]] {
    touched.values.compactMap { path(of: $0) }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The path of a node as the names are now; `nil` if it has none any more.
  func path(of node: Node) -> [UInt8]? {
    var names: [[UInt8]] = []
    var at = node
    while at !== root {
      guard let directory = at.directory else { return nil }
      names.append(at.name)
      at = directory
    }
    return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
  }

  private func child(_ name: [UInt8], of node: Node) -> Node {
    if let known = node.children[name] { return known }
    let origin = node.origin.map { $0.isEmpty ? name : $0 + [UInt8(ascii: "/")] + name }
    let child = Node(name: name, origin: origin)
    child.directory = node
    node.children[name] = child
    return child
  }

  private func touch(_ directory: Node) { touched[ObjectIdentifier(directory)] = directory }

  private func insert(_ node: Node, at path: [UInt8]) {
    let split = path.lastIndex(of: UInt8(ascii: "/"))
    let directory = self.node(at: Array(path[..<(split ?? 0)]))
    node.name = Array(path[(split.map { $0 + 1 } ?? 0)...])
    node.directory = directory
    touch(directory)
    // What had the name before has none now.
    directory.children[node.name]?.directory = nil
    directory.children[node.name] = node
  }
}
