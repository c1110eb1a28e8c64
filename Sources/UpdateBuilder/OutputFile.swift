internal import Linux

/// A file that appears whole or not at all.
enum OutputFile {
  /// Has `body` write a file, brings it to the disk, and only then gives it its name.
  ///
  /// It replaces a file that has the name already. When `body` throws, nothing is left.
  static func write(
    to path: String, _ body: (borrowing Descriptor) throws(BuildError) -> Void
  ) throws(BuildError) {
    let directory: Descriptor
    let file: Descriptor
    let name = TemporaryFile.name(of: path)
    let temporary = ".\(name).\(Machine.processID)"
    do throws(SystemError) {
      directory = try Descriptor.open(TemporaryFile.directory(of: path), [.readOnly, .directory])
      if try directory.hasEntry(temporary) { try directory.unlink(temporary) }
      file = try directory.open(
        beneath: temporary, [.readWrite, .create, .exclusive], permissions: 0o644)
    } catch { throw .system(error) }
    do throws(BuildError) {
      try body(file)
      do throws(SystemError) {
        try file.sync()
        try directory.rename(temporary, to: name)
        try directory.sync()
      } catch { throw BuildError.system(error) }
    } catch {
      // The error that made us give up is the one to tell.
      try? directory.unlink(temporary)
      throw error
    }
  }
}
