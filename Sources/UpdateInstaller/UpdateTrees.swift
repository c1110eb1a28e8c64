internal import DeltaStream
internal import Linux

/// Where the patches of an update read on a device: the parent, if there is one, and the subvolume
/// that is being made, in which all commands before were carried out.
struct UpdateTrees: OldTree {
  let parent: ParentTree?
  let staging: ParentTree
  let temporaryFiles: TemporaryFiles

  func temporary() throws(SystemError) -> Descriptor { try temporaryFiles.make() }

  func open(_ path: [UInt8]) throws(SystemError) -> ParentFile {
    guard let parent else { throw Self.error(path, .noSuchFile) }
    return try parent.open(path)
  }

  func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> ParentFile {
    let file = try staging.open(source.path)
    // What changes while it is read is nothing to predict from.
    guard try !file.isSameFile(as: staging.open(target)) else {
      throw Self.error(source.path, .busy)
    }
    return file
  }

  private static func error(_ path: [UInt8], _ errno: Errno) -> SystemError {
    SystemError(operation: "open", path: String(decoding: path, as: UTF8.self), errno: errno)
  }
}

/// Files without a name beside the versions, on the file system that the update goes to: nothing
/// is left of them, whatever happens.
final class TemporaryFiles {
  private let directory: Descriptor

  init(in directory: consuming Descriptor) { self.directory = directory }

  /// An empty file, for reading and writing.
  func make() throws(SystemError) -> Descriptor {
    try directory.reopened([.unnamed, .readWrite])
  }
}
