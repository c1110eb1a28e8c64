internal import Bytes
internal import CLinux
internal import Glibc

extension Descriptor {
  /// Reads once, from the file's position, into the room that is left (`read`).
  ///
  /// Adds at least one byte, unless the end is reached, or there is no room.
  public func read(into out: inout OutputRawSpan) throws(SystemError) {
    let (fd, path) = (rawValue, self.path)
    try unsafe out.appendBytes { (start, room) throws(SystemError) -> Int in
      try systemCall("read", .reads, path: path) { unsafe Glibc.read(fd, start, room) }
    }
  }

  /// Reads once, from an offset, into the room that is left (`pread`).
  ///
  /// Adds at least one byte, unless the end is reached, or there is no room.
  public func read(into out: inout OutputRawSpan, at offset: UInt64) throws(SystemError) {
    let at = try fileOffset(offset, "pread")
    let (fd, path) = (rawValue, self.path)
    try unsafe out.appendBytes { (start, room) throws(SystemError) -> Int in
      try systemCall("pread", .reads, path: path) { unsafe pread(fd, start, room, at) }
    }
  }

  /// Reads from the file's position until the room is full, or the end is reached (`read`).
  public func fill(_ out: inout OutputRawSpan) throws(SystemError) {
    while out.freeCapacity > 0 {
      let before = out.byteCount
      try read(into: &out)
      if out.byteCount == before { return }
    }
  }

  /// Reads from an offset until the room is full, or the end is reached (`pread`).
  public func fill(_ out: inout OutputRawSpan, at offset: UInt64) throws(SystemError) {
    let start = out.byteCount
    while out.freeCapacity > 0 {
      let before = out.byteCount
      let (at, overflow) = offset.addingReportingOverflow(UInt64(before - start))
      if overflow { throw SystemError(operation: "pread", path: path, errno: .overflow) }
      try read(into: &out, at: at)
      if out.byteCount == before { return }
    }
  }

  /// Reads `count` bytes from an offset; fewer where the file ends before.
  public func bytes(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
    try [UInt8].reading(capacity: count) { (out) throws(SystemError) in
      try fill(&out, at: offset)
    }
  }

  /// Reads all that is left, from the file's position.
  ///
  /// - Throws: `EFBIG` if that is more than `limit` bytes, besides what `read` gives.
  public func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let room = Swift.min(limit - all.count, 1 << 20) + 1
      let more = try [UInt8].reading(capacity: room) { (out) throws(SystemError) in
        try read(into: &out)
      }
      if more.isEmpty { return all }
      if more.count > limit - all.count {
        throw SystemError(operation: "read", path: path, errno: .fileTooLarge)
      }
      if all.isEmpty { all = more } else { all += more }
    }
  }

  /// Waits until reading this or the other file would not wait (`poll`).
  public func waitUntilReadable(or other: borrowing Descriptor) throws(SystemError) {
    var files = [rawValue, other.rawValue].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    _ = try systemCall("poll", .reads, path: path) {
      unsafe poll(&files, nfds_t(files.count), -1)
    }
  }

  /// An offset as the kernel takes it; `EOVERFLOW` past 2^63 - 1.
  func fileOffset(_ offset: UInt64, _ operation: StaticString) throws(SystemError) -> off_t {
    guard let offset = off_t(exactly: offset) else {
      throw SystemError(operation: operation.description, path: path, errno: .overflow)
    }
    return offset
  }
}

extension OutputRawSpan {
  /// Appends what a C call writes into the free room; the closure gives the number of bytes.
  mutating func appendBytes<Failure: Error>(
    _ body: (UnsafeMutableRawPointer, Int) throws(Failure) -> Int
  ) throws(Failure) {
    try unsafe withUnsafeMutableBytes { (buffer, initialized) throws(Failure) in
      guard let start = buffer.baseAddress, initialized < buffer.count else { return }
      let room = buffer.count - initialized
      let count = try unsafe body(start + initialized, room)
      initialized += Swift.min(Swift.max(count, 0), room)
    }
  }
}

extension [UInt8] {
  /// An array of what a closure appends, at most `capacity` bytes.
  package static func reading<Failure: Error>(
    capacity: Int, _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var failure: Failure?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Swift.max(capacity, 0)) {
      (buffer, count) in
      var out = unsafe OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      do throws(Failure) {
        try body(&out)
      } catch {
        failure = error
      }
      count = unsafe out.finalize(for: UnsafeMutableRawBufferPointer(buffer))
    }
    if let failure { throw failure }
    return bytes
  }
}
