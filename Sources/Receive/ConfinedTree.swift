internal import Bytes
internal import Linux
internal import SendStream

/// One subvolume, and the only way to anything in it: paths of a stream, resolved beneath its root.
///
/// A path is checked by ``StreamPath``, then walked by the kernel with `RESOLVE_BENEATH`,
/// `RESOLVE_NO_SYMLINKS`, `RESOLVE_NO_MAGICLINKS` and `RESOLVE_NO_XDEV`; and because a nested
/// subvolume is no mount, the device of everything that is opened is compared with the root's.
/// A device node, FIFO, socket or symbolic link is never opened, only named (`O_PATH`).
final class ConfinedTree {
  /// The root directory.
  let root: Node
  /// The device that all of the subvolume is on.
  let device: UInt64
  /// Directories: as many as files are made in for a while, in the order in which they were once.
  private var directories = NodeCache(capacity: ConfinedTree.directoryCount)
  /// All else: as many as the commands of one inode go back and forth between.
  private var files = NodeCache(capacity: 16)

  /// How many changes of files' data there were.
  private(set) var changeCount: UInt64 = 0

  /// How many directories are kept open: no more than leaves others half of the process's
  /// descriptors.
  private static let directoryCount = Swift.min(512, Machine.descriptorLimit / 2)

  /// A tree from an open directory.
  init(_ root: consuming Descriptor) throws(SystemError) {
    let status = try root.status()
    guard status.type == .directory else {
      throw SystemError(operation: "fstat", path: root.path, errno: .notDirectory)
    }
    device = status.device
    self.root = Node(root, .directory, .read, path: [])
    self.root.isSetGroup = status.permissions & 0o2000 != 0
  }

  /// The inode of a path, the empty one being the root; a symbolic link is itself.
  func node(
    _ path: RawSpan, _ access: Node.Access = .name
  ) throws(ReceiveError.Reason) -> Node {
    if path.byteCount == 0 { return root }
    if let known = find(path) {
      return known.access >= access ? known : try reopen(known, access)
    }
    let place = try self.place(path)
    if access > .name { return try open(place, access, as: path) }
    let named = try open(place.name, .name, in: place.directory, as: path)
    if named.type == .directory { directories.insert(named) } else { files.insert(named) }
    return named
  }

  private func find(_ path: RawSpan) -> Node? { files.find(path) ?? directories.find(path) }

  /// A directory that can be asked for its attributes and flags, too.
  func opened(_ directory: Node) throws(ReceiveError.Reason) -> Node {
    directory.access >= .read ? directory : try reopen(directory, .read)
  }

  /// The regular file of a path, opened.
  func file(_ path: RawSpan, _ access: Node.Access) throws(ReceiveError.Reason) -> Node {
    // Opening is only for regular files, and `reopen` refuses all others but directories.
    let node = try self.node(path, access)
    guard node.type == .regular else { throw .notRegularFile(node.type) }
    return node
  }

  /// The directory of a path, the empty one being the root.
  func directory(_ path: RawSpan) throws(ReceiveError.Reason) -> Node {
    if path.byteCount == 0 { return root }
    if let known = directories.find(path) { return known }
    if let known = files.find(path) {
      throw .system(
        SystemError(
          operation: "openat2", path: known.descriptor.path, errno: .notDirectory))
    }
    try check(path)
    let node = try open(path, .read, in: root, as: path)
    directories.insert(node)
    return node
  }

  /// Where a path is: its directory, open, and its name therein.
  @_lifetime(copy path)
  func place(_ path: RawSpan) throws(ReceiveError.Reason) -> Place {
    try check(path)
    var slash = path.byteCount - 1
    while slash >= 0, path[slash] != UInt8(ascii: "/") { slash -= 1 }
    let directory = try self.directory(path.extracting(0..<Swift.max(slash, 0)))
    return Place(directory, path.extracting((slash + 1)..<path.byteCount))
  }

  /// A regular file was made and opened for writing.
  func adopt(file: consuming Descriptor, at path: RawSpan) -> Node {
    let node = Node(file, .regular, .write, path: [UInt8](copying: path))
    node.size = KnownSize(bytes: 0, changeCount: changeCount)
    files.insert(node)
    return node
  }

  /// Opens the directory that was just made.
  func adoptDirectory(
    at path: RawSpan, _ place: borrowing Place
  ) throws(ReceiveError.Reason) -> Node {
    let node = try open(place.name, .read, in: place.directory, as: path)
    directories.insert(node)
    return node
  }

  /// Whether a name that is not open is one of this subvolume, and not a nested one's root.
  func checkOwn(_ place: borrowing Place, _ path: RawSpan) throws(ReceiveError.Reason) {
    if find(path) != nil { return }
    let name = place.name
    let status = try system { () throws(SystemError) in
      try place.directory.descriptor.status(of: name)
    }
    guard status.device == device else { throw .notConfined([UInt8](copying: path)) }
  }

  /// A name is gone that was not a directory's.
  func removedFile(_ path: RawSpan) { files.removeOne(path) }

  /// A name is gone.
  func removed(_ path: RawSpan) {
    files.remove(path)
    directories.remove(path)
  }

  /// A name has become another one.
  func renamed(_ path: RawSpan, to new: RawSpan) {
    files.rename(path, to: new)
    directories.rename(path, to: new)
  }

  /// Closes all but the root.
  func close() {
    files.removeAll()
    directories.removeAll()
  }

  /// Owner or capabilities of a file were changed, which may have other names.
  func forgetState() { files.forgetState() }

  /// How large a file is, if that is known.
  func size(of file: Node) -> UInt64? {
    guard let size = file.size, size.changeCount == changeCount else { return nil }
    return size.bytes
  }

  /// The data of a file was changed, or will be; its size then, if it is known.
  func noteChange(of file: Node, size: UInt64?) {
    changeCount &+= 1
    file.size = size.map { KnownSize(bytes: $0, changeCount: changeCount) }
  }

  /// Closes all files.
  func closeFiles() { files.removeAll() }

  private func check(_ path: RawSpan) throws(ReceiveError.Reason) {
    guard StreamPath.isBeneathRoot(path) else { throw .badPath([UInt8](copying: path)) }
  }

  /// Really opens what is only named so far; the same inode, however its name may have changed.
  private func reopen(_ node: Node, _ access: Node.Access) throws(ReceiveError.Reason) -> Node {
    let flags: OpenFlags
    switch node.type {
    case .regular: flags = access == .write ? [.readWrite, .nonBlocking] : [.nonBlocking]
    case .directory: flags = [.directory]
    default: throw .notRegularFile(node.type)
    }
    if node.type == .directory, node.access >= .read { return node }
    let opened = try system { () throws(SystemError) in
      try node.descriptor.reopened(flags)
    }
    let isDirectory = node.type == .directory
    let real = node.reopened(opened, isDirectory ? .read : access)
    if isDirectory { directories.insert(real) } else { files.insert(real) }
    return real
  }

  /// Really opens a file or directory. What it is, is asked before: nothing else may be opened, and
  /// nobody else changes the tree in between.
  private func open(
    _ place: borrowing Place, _ access: Node.Access, as path: RawSpan
  ) throws(ReceiveError.Reason) -> Node {
    let (name, directory) = (place.name, place.directory)
    let status = try system { () throws(SystemError) in
      try directory.descriptor.status(of: name)
    }
    guard status.device == device else { throw .notConfined([UInt8](copying: path)) }
    switch status.type {
    case .directory:
      let node = try open(name, .read, in: directory, as: path)
      directories.insert(node)
      return node
    case .regular:
      let flags: OpenFlags = access == .write ? [.readWrite] : []
      let opened = try opening(path) { () throws(SystemError) in
        try directory.descriptor.open(beneath: name, flags.union([.nonBlocking, .noFollow]))
      }
      let node = makeNode(opened, access, path, status)
      files.insert(node)
      return node
    default: throw .notRegularFile(status.type)
    }
  }

  /// Opens a directory to read it, or whatever it is only to name it; and makes sure that it is
  /// this subvolume's.
  private func open(
    _ name: RawSpan, _ access: Node.Access, in directory: Node, as path: RawSpan
  ) throws(ReceiveError.Reason) -> Node {
    let flags: OpenFlags = access == .name ? [.path, .noFollow] : .directory
    let opened = try opening(path) { () throws(SystemError) in
      try directory.descriptor.open(beneath: name, flags)
    }
    let status = try system { () throws(SystemError) in try opened.status() }
    guard status.device == device else { throw .notConfined([UInt8](copying: path)) }
    return makeNode(opened, access, path, status)
  }

  private func makeNode(
    _ opened: consuming Descriptor, _ access: Node.Access, _ path: RawSpan, _ status: FileStatus
  ) -> Node {
    let node = Node(opened, status.type, access, path: [UInt8](copying: path))
    node.isSetGroup = status.permissions & 0o2000 != 0
    if status.type == .regular {
      node.size = KnownSize(bytes: status.size, changeCount: changeCount)
    }
    return node
  }

  /// Says of a path that leads out that it does.
  private func opening(
    _ path: RawSpan, _ open: () throws(SystemError) -> Descriptor
  ) throws(ReceiveError.Reason) -> Descriptor {
    do throws(SystemError) { return try open() } catch {
      let leadsOut = error.errno == .crossDevice || error.errno == .tooManySymbolicLinks
      throw leadsOut ? .notConfined([UInt8](copying: path)) : .system(error)
    }
  }
}

/// A name in an open directory.
struct Place: ~Escapable {
  let directory: Node
  let name: RawSpan

  @_lifetime(copy name)
  init(_ directory: Node, _ name: RawSpan) {
    self.directory = directory
    self.name = name
  }
}
