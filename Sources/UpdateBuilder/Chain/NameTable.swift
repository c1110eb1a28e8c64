internal import Bytes
internal import Linux
internal import SendStream
internal import Tree

/// A tree's names and inodes in memory, which commands change as they would change a file system.
///
/// Memory: about 400 bytes for each inode, and 100 for each name.
struct NameTable {
  /// An inode, with what no ``TreeInode`` has.
  struct Inode {
    var value: TreeInode
    /// Where a regular file's contents are.
    var contents = Contents.none
    /// What a directory holds.
    var entries: [[UInt8]: Int] = [:]
    /// The directory that a directory is in; the root is in itself.
    var directory = NameTable.root
  }

  /// Where the contents of a regular file are.
  enum Contents: Hashable {
    /// There are none.
    case none
    /// Untouched, under a path of the parent.
    case parent([UInt8])
    /// In a file of the ``ContentStore``.
    case stored(UInt64)
  }

  /// The index of the root.
  static let root = 0

  /// Those that have no name any more stay where they are: indices are for good.
  private(set) var inodes: [Inode]

  /// The tree that a parent is before anything is changed; without one, an empty root as receiving
  /// makes it.
  init(_ parent: TreeCatalog?) {
    guard let parent else {
      let none = FileTime(seconds: 0)
      inodes = [
        Inode(value: TreeInode(type: .directory, permissions: 0o755, modificationTime: none))
      ]
      return
    }
    inodes = parent.inodes.map { Inode(value: $0) }
    var directories: [[UInt8]: Int] = [:]
    for entry in parent.entries {
      let type = inodes[entry.inode].value.type
      if type == .regular, inodes[entry.inode].contents == .none {
        inodes[entry.inode].contents = .parent(entry.path)
      }
      if type == .directory { directories[entry.path] = entry.inode }
      if entry.path.isEmpty { continue }
      let (path, name) = Self.split(entry.path)
      // A catalog has each directory before its entries.
      guard let directory = directories[path] else { continue }
      inodes[directory].entries[name] = entry.inode
      if type == .directory { inodes[entry.inode].directory = directory }
    }
  }

  /// The inode that a path names; the empty path is the root.
  func inode(at path: RawSpan) throws(CatalogReceiveError.Reason) -> Int {
    if path.byteCount == 0 { return Self.root }
    let (directory, name) = try place(path)
    guard let inode = inodes[directory].entries[name] else {
      throw .refused(.noSuchFile, [UInt8](copying: path))
    }
    return inode
  }

  /// The directory that a path is in, and its last component.
  func place(
    _ path: RawSpan
  ) throws(CatalogReceiveError.Reason) -> (directory: Int, name: [UInt8]) {
    guard StreamPath.isBeneathRoot(path) else { throw .badPath([UInt8](copying: path)) }
    var (directory, start) = (Self.root, 0)
    for at in 0..<path.byteCount where path[at] == UInt8(ascii: "/") {
      let name = [UInt8](copying: path.extracting(start..<at))
      guard let next = inodes[directory].entries[name] else {
        throw .refused(.noSuchFile, [UInt8](copying: path))
      }
      // Of a symbolic link as well: none is followed.
      guard inodes[next].value.type == .directory else {
        throw .refused(.notDirectory, [UInt8](copying: path))
      }
      (directory, start) = (next, at + 1)
    }
    return (directory, [UInt8](copying: path.extracting(start..<path.byteCount)))
  }

  /// The inode and what goes with it, to change.
  mutating func change(_ inode: Int, _ body: (inout Inode) -> Void) { body(&inodes[inode]) }

  /// Makes an inode under a name that is free.
  ///
  /// As receiving does it: root's, in a set-group-ID directory of that group, and copied on write
  /// unless the directory is not.
  mutating func create(
    _ path: RawSpan, _ type: FileType, permissions: UInt32, specialDevice: UInt64 = 0,
    target: [UInt8] = []
  ) throws(CatalogReceiveError.Reason) {
    let (directory, name) = try freePlace(path)
    let above = inodes[directory].value
    let hasGroup = above.permissions & Self.setGroup != 0
    let permissions = permissions | (hasGroup && type == .directory ? Self.setGroup : 0)
    // btrfs hands that down.
    let value = TreeInode(
      type: type, permissions: permissions, group: hasGroup ? above.group : 0,
      modificationTime: FileTime(seconds: 0), specialDevice: specialDevice, target: target,
      flags: type.hasFlags ? above.flags.intersection(.noCopyOnWrite) : [])
    inodes[directory].entries[name] = inodes.count
    inodes.append(Inode(value: value, directory: directory))
  }

  /// Gives a file one more name.
  mutating func link(
    _ path: RawSpan, to existing: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    let inode = try inode(at: existing)
    guard inodes[inode].value.type != .directory else {
      throw .refused(.notPermitted, [UInt8](copying: existing))
    }
    let (directory, name) = try freePlace(path)
    inodes[directory].entries[name] = inode
    inodes[inode].value.linkCount += 1
  }

  /// Takes a name of a file away; gives the file's contents if that was the last one.
  mutating func unlink(_ path: RawSpan) throws(CatalogReceiveError.Reason) -> Contents {
    let (directory, name) = try place(path)
    let inode = try inode(at: path)
    guard inodes[inode].value.type != .directory else {
      throw .refused(.isDirectory, [UInt8](copying: path))
    }
    inodes[directory].entries[name] = nil
    return drop(inode)
  }

  /// Removes an empty directory.
  mutating func removeDirectory(_ path: RawSpan) throws(CatalogReceiveError.Reason) {
    let (directory, name) = try place(path)
    let inode = try inode(at: path)
    guard inodes[inode].value.type == .directory else {
      throw .refused(.notDirectory, [UInt8](copying: path))
    }
    guard inodes[inode].entries.isEmpty else {
      throw .refused(.directoryNotEmpty, [UInt8](copying: path))
    }
    inodes[directory].entries[name] = nil
  }

  /// Renames as rename(2) does; gives the contents of what was replaced.
  mutating func rename(
    _ path: RawSpan, to new: RawSpan
  ) throws(CatalogReceiveError.Reason) -> Contents {
    let (directory, name) = try place(path)
    let inode = try inode(at: path)
    let (newDirectory, newName) = try place(new)
    let isDirectory = inodes[inode].value.type == .directory
    if isDirectory, isInside(newDirectory, inode) {
      throw .refused(.invalidArgument, [UInt8](copying: new))
    }
    var replaced = Contents.none
    if let other = inodes[newDirectory].entries[newName] {
      // Two names of one inode: nothing is done.
      if other == inode { return .none }
      try checkReplaceable(other, by: isDirectory, new)
      replaced = drop(other)
    }
    inodes[directory].entries[name] = nil
    inodes[newDirectory].entries[newName] = inode
    if isDirectory { inodes[inode].directory = newDirectory }
    return replaced
  }

  private func checkReplaceable(
    _ inode: Int, by isDirectory: Bool, _ path: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    let other = inodes[inode]
    if other.value.type == .directory {
      guard isDirectory else { throw .refused(.isDirectory, [UInt8](copying: path)) }
      guard other.entries.isEmpty else {
        throw .refused(.directoryNotEmpty, [UInt8](copying: path))
      }
    } else if isDirectory {
      throw .refused(.notDirectory, [UInt8](copying: path))
    }
  }

  /// Whether a directory is another one, which is not the root, or inside it.
  private func isInside(_ directory: Int, _ other: Int) -> Bool {
    var at = directory
    while at != Self.root {
      if at == other { return true }
      at = inodes[at].directory
    }
    return false
  }

  private func freePlace(
    _ path: RawSpan
  ) throws(CatalogReceiveError.Reason) -> (directory: Int, name: [UInt8]) {
    let (directory, name) = try place(path)
    guard inodes[directory].entries[name] == nil else {
      throw .refused(.fileExists, [UInt8](copying: path))
    }
    return (directory, name)
  }

  private mutating func drop(_ inode: Int) -> Contents {
    inodes[inode].value.linkCount -= 1
    guard inodes[inode].value.linkCount == 0 else { return .none }
    defer { inodes[inode].contents = .none }
    return inodes[inode].contents
  }

  private static let setGroup: UInt32 = 0o2000

  /// A path as the directory's path and the last component.
  static func split(_ path: [UInt8]) -> (directory: [UInt8], name: [UInt8]) {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return ([], path) }
    return (Array(path[..<slash]), Array(path[(slash + 1)...]))
  }
}
