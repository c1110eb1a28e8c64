internal import Bytes
internal import CLinux
internal import Glibc

extension Descriptor {
  /// Writes all the bytes at the file's position (`write`, as often as it takes).
  public func write(_ bytes: RawSpan) throws(SystemError) {
    var written = 0
    while written < bytes.byteCount {
      written += try unsafe write(once: bytes.extracting(written..<bytes.byteCount), "write") {
        unsafe Glibc.write(rawValue, $0, $1)
      }
    }
  }

  /// Writes all the bytes at an offset (`pwrite`, as often as it takes).
  public func write(_ bytes: RawSpan, at offset: UInt64) throws(SystemError) {
    var at = try fileOffset(offset, "pwrite")
    var written = 0
    while written < bytes.byteCount {
      let count = try unsafe write(once: bytes.extracting(written..<bytes.byteCount), "pwrite") {
        unsafe pwrite(rawValue, $0, $1, at)
      }
      written += count
      let (next, overflow) = at.addingReportingOverflow(off_t(count))
      if overflow { throw SystemError(operation: "pwrite", path: path, errno: .overflow) }
      at = next
    }
  }

  private func write(
    once bytes: RawSpan, _ operation: StaticString, _ call: (UnsafeRawPointer, Int) -> Int
  ) throws(SystemError) -> Int {
    let written = try unsafe bytes.withUnsafeBytes { (buffer) throws(SystemError) -> Int in
      guard let start = buffer.baseAddress else { return 0 }
      return try systemCall(operation, .changes, path: path) { unsafe call(start, buffer.count) }
    }
    // No file system answers so to a write of some bytes; a loop that trusts that never ends.
    if written == 0 {
      throw SystemError(operation: operation.description, path: path, errno: .inputOutput)
    }
    return written
  }

  /// Cuts or extends the file to a size; what is added is a hole (`ftruncate`).
  public func truncate(to size: UInt64) throws(SystemError) {
    let size = try fileOffset(size, "ftruncate")
    _ = try systemCall("ftruncate", .changes, path: path) { ftruncate(rawValue, size) }
  }

  /// Waits until the file's data and metadata are on disk (`fsync`).
  ///
  /// On a directory: until its entries are.
  public func sync() throws(SystemError) {
    _ = try systemCall("fsync", .changes, path: path) { fsync(rawValue) }
  }

  /// Waits until the file's data is on disk, and what is needed to read it (`fdatasync`).
  public func syncData() throws(SystemError) {
    _ = try systemCall("fdatasync", .changes, path: path) { fdatasync(rawValue) }
  }

  /// Waits until all of the file system that holds the file is on disk (`syncfs`).
  public func syncFileSystem() throws(SystemError) {
    _ = try systemCall("syncfs", .changes, path: path) { syncfs(rawValue) }
  }
}
