package import Linux

/// Files that nobody sees, beside the file that is being made: there is room there, or nowhere.
package enum TemporaryFile {
  /// An empty file without a name in the directory of `output`, for reading and writing.
  package static func beside(_ output: String, _ purpose: String) throws(SystemError) -> Descriptor
  {
    try inside(Descriptor.open(directory(of: output), .directory), purpose)
  }

  /// An empty file without a name in a directory, for reading and writing.
  static func inside(
    _ directory: borrowing Descriptor, _ purpose: String
  ) throws(SystemError) -> Descriptor {
    if let file = try unnamed(in: directory, permissions: 0o600) { return file }
    let name = ".btrfs-delta-\(purpose)-\(RandomName.digits())"
    let file = try directory.open(beneath: name, [.readWrite, .create, .exclusive])
    try directory.unlink(name)
    return file
  }

  /// An empty file without a name; `nil` where the file system has no such files.
  static func unnamed(
    in directory: borrowing Descriptor, permissions: UInt32
  ) throws(SystemError) -> Descriptor? {
    do throws(SystemError) {
      return try Descriptor.open(
        directory.path, [.unnamed, .readWrite], permissions: permissions)
    } catch {
      if error.errno == .notSupported { return nil }
      throw error
    }
  }

  /// The directory that a path is in.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last component of a path.
  static func name(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }
}
