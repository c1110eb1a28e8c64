internal import DeltaStream
internal import Linux
internal import Tree

/// Where the patches of an update in a chain read: the tree that it starts from, and the one that
/// is being made, in which all commands before were carried out.
struct ChainTree: OldTree {
  let parent: ParentTree?
  let receiver: CatalogReceiver
  private let files: ParentTree

  init(parent: ParentTree?, receiver: CatalogReceiver) throws(SystemError) {
    self.parent = parent
    self.receiver = receiver
    files = try ParentTree(root: try receiver.store.files.directory.duplicate())
  }

  func open(_ path: [UInt8]) throws(SystemError) -> ParentFile {
    guard let parent else {
      throw SystemError(
        operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
    }
    return try parent.open(path)
  }

  func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> ParentFile {
    try receiver.openNew(source.path, for: target, in: parent, files)
  }

  func temporary() throws(SystemError) -> Descriptor {
    try TemporaryFile.inside(receiver.store.files.directory, "opened")
  }
}
