internal import Linux

/// A file that appears whole or not at all.
enum OutputFile {
  /// Has `body` write a file, brings it to the disk, and only then gives it its name.
  ///
  /// It replaces a file that has the name already. When `body` throws, nothing is left.
  static func write(
    to path: String, _ body: (borrowing Descriptor) throws(BuildError) -> Void
  ) throws(BuildError) {
    let name = TemporaryFile.name(of: path)
    let temporary = ".\(name).\(Machine.processID)"
    let directory = try open { () throws(SystemError) in
      try Descriptor.open(TemporaryFile.directory(of: path), [.readOnly, .directory])
    }
    let file = try open { () throws(SystemError) in
      if try directory.hasEntry(temporary) { try directory.unlink(temporary) }
      return try directory.open(
        beneath: temporary, [.readWrite, .create, .exclusive], permissions: 0o644)
    }
    do throws(BuildError) {
      try body(file)
      try publish(file, temporary, name, in: directory)
    } catch {
      // The error that made us give up is the one to tell.
      try? directory.unlink(temporary)
      throw error
    }
  }

  private static func open(
    _ body: () throws(SystemError) -> Descriptor
  ) throws(BuildError) -> Descriptor {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  private static func publish(
    _ file: borrowing Descriptor, _ temporary: String, _ name: String,
    in directory: borrowing Descriptor
  ) throws(BuildError) {
    do throws(SystemError) {
      try file.sync()
      try directory.rename(temporary, to: name)
      try directory.sync()
    } catch { throw .system(error) }
  }
}
