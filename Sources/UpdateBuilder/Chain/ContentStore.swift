internal import Linux
internal import Tree

/// Where the contents of a tree that is being made are: files in a private directory, each under a
/// number until the tree is whole, and those of the parent that nothing was changed in.
///
/// The parent is only read. Room on disk: what was changed, until ``place(_:at:in:)`` brings the
/// rest; that is shared with the parent where the file system can share, and copied otherwise.
final class ContentStore {
  /// The directory of the numbered files.
  let files: TemporaryTree
  /// The directory that the tree is laid out in.
  let tree: TemporaryTree
  private let parent: TreeRoot?
  /// Whether the parent is a tree of our own, whose files nobody changes: then they get one more
  /// name instead of a copy.
  private let ownsParent: Bool
  private var count: UInt64 = 0
  /// The file that was used last: most have many commands, one after the other.
  private var last: (number: UInt64, file: StoredFile)?

  /// A store in a directory.
  init(in place: String, parent: TreeRoot?, ownsParent: Bool) throws(SystemError) {
    files = try TemporaryTree(in: place)
    tree = try TemporaryTree(in: place)
    self.parent = parent
    self.ownsParent = ownsParent
  }

  /// The name of a numbered file.
  static func name(_ number: UInt64) -> String { String(number) }

  /// An empty file.
  func create() throws(SystemError) -> UInt64 {
    let number = count
    count += 1
    let file = try files.directory.open(
      beneath: Self.name(number), [.readWrite, .create, .exclusive])
    last = (number, StoredFile(file))
    return number
  }

  /// A file with what the parent has under a path.
  func create(from path: [UInt8], size: UInt64) throws(SystemError) -> UInt64 {
    let source = try openParent(path)
    let number = try create()
    try file(number).copy(from: source, at: 0, count: size, to: 0, size: 0)
    return number
  }

  /// A file, open.
  func file(_ number: UInt64) throws(SystemError) -> StoredFile {
    if let last, last.number == number { return last.file }
    let file = StoredFile(try files.directory.open(beneath: Self.name(number), .readWrite))
    last = (number, file)
    return file
  }

  /// Removes what is not needed any more.
  func remove(_ contents: NameTable.Contents) throws(SystemError) {
    guard case .stored(let number) = contents else { return }
    if last?.number == number { last = nil }
    try files.directory.unlink(Self.name(number))
  }

  /// Opens a regular file of the parent.
  func openParent(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    guard let parent else {
      throw SystemError(
        operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
    }
    let flags: OpenFlags = [.readOnly, .noFollow, .nonBlocking]
    let file = try parent.directory.open(beneath: path, flags)
    guard try file.status().type == .regular else {
      throw SystemError(operation: "open", path: file.path, errno: .invalidArgument)
    }
    return file
  }

  /// Gives contents a name in a directory of the tree.
  func place(
    _ inode: NameTable.Inode, at name: [UInt8], in directory: borrowing Descriptor
  ) throws(SystemError) {
    switch inode.contents {
    case .stored(let number):
      if last?.number == number { last = nil }
      try files.directory.rename(Self.name(number), to: name, in: directory, .notReplacing)
    case .none:
      _ = try directory.open(beneath: name, [.writeOnly, .create, .exclusive])
    case .parent(let path):
      let source = try openParent(path)
      if ownsParent { return try directory.makeLink(name, toFile: source) }
      let file = StoredFile(try directory.open(beneath: name, [.readWrite, .create, .exclusive]))
      try file.copy(from: source, at: 0, count: inode.value.size, to: 0, size: 0)
    }
  }
}
