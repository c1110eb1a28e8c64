package import Linux

/// A file that appears under its name whole or not at all.
///
/// It has no name while it is written, where the file system can do that, so that a killed process
/// leaves nothing behind.
package struct OutputFile: ~Copyable {
  /// What there is to write to, open for reading as well.
  package let file: Descriptor
  private let directory: Descriptor
  private let name: String
  /// What it is called while it is written, if it has to have a name.
  private var temporaryName: String?

  /// A new, empty file that is going to be at a path.
  ///
  /// - Parameter permissions: before the process's umask.
  package init(_ path: String, permissions: UInt32 = 0o644) throws(SystemError) {
    let directory = try Descriptor.open(TemporaryFile.directory(of: path), .directory)
    let name = TemporaryFile.name(of: path)
    if let unnamed = try TemporaryFile.unnamed(in: directory, permissions: permissions) {
      self.init(unnamed, in: directory, name: name, temporaryName: nil)
      return
    }
    let temporary = Self.temporary(for: name)
    let named = try directory.open(
      beneath: temporary, [.readWrite, .create, .exclusive], permissions: permissions)
    self.init(named, in: directory, name: name, temporaryName: temporary)
  }

  private init(
    _ file: consuming Descriptor, in directory: consuming Descriptor, name: String,
    temporaryName: String?
  ) {
    self.file = file
    self.directory = directory
    self.name = name
    self.temporaryName = temporaryName
  }

  deinit {
    // Whatever made us give up is the error to tell.
    if let temporaryName { try? directory.unlink(temporaryName) }
  }

  /// Brings the file to the disk, and only then gives it its name.
  ///
  /// - Parameter mode: `.replacing` takes the place of a file that has the name already;
  ///   with `.notReplacing` that is `EEXIST`.
  package mutating func publish(_ mode: RenameMode = .replacing) throws(SystemError) {
    try file.sync()
    if temporaryName == nil { try link(mode) }
    if let temporaryName { try directory.rename(temporaryName, to: name, mode) }
    temporaryName = nil
    try directory.sync()
  }

  /// Gives an unnamed file its name; or, where that is taken, one to be renamed from.
  private mutating func link(_ mode: RenameMode) throws(SystemError) {
    do throws(SystemError) { return try directory.makeLink(name, toFile: file) } catch {
      guard case .replacing = mode, error.errno == .fileExists else { throw error }
    }
    let temporary = Self.temporary(for: name)
    try directory.makeLink(temporary, toFile: file)
    temporaryName = temporary
  }

  /// A name that nobody else has, whatever their process number is in their container.
  private static func temporary(for name: String) -> String {
    ".\(name).\(RandomName.digits())"
  }

  /// What is at a path already; `nil` if nothing is.
  ///
  /// To replace anything but a regular file would be a surprise: `/dev/null` is a name, too.
  package static func existing(at path: String) throws(SystemError) -> FileType? {
    let directory = try Descriptor.open(TemporaryFile.directory(of: path), .directory)
    let name = TemporaryFile.name(of: path)
    // A path that ends in a slash.
    if name.isEmpty || name == "." || name == ".." { return .directory }
    return try directory.hasEntry(name) ? directory.status(of: name).type : nil
  }

  /// Refuses a path where something else than a regular file is, before any work is put into it.
  package static func checkReplaceable(_ path: String) throws(SystemError) {
    guard let type = try existing(at: path), type != .regular else { return }
    throw SystemError(
      operation: "open", path: path, errno: type == .directory ? .isDirectory : .fileExists)
  }

  /// Removes a file that was published by mistake.
  package static func remove(_ path: String) throws(SystemError) {
    let directory = try Descriptor.open(TemporaryFile.directory(of: path), .directory)
    try directory.unlink(TemporaryFile.name(of: path))
  }
}
