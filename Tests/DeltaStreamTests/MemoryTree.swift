import Bytes
import DeltaStream
import Linux

/// Old files in memory.
struct MemoryTree: OldTree {
  var files: [[UInt8]: [UInt8]] = [:]

  init(_ files: [String: [UInt8]] = [:]) {
    for (path, bytes) in files { self.files[Array(path.utf8)] = bytes }
  }

  func open(_ path: [UInt8]) throws(SystemError) -> MemoryFile {
    guard let bytes = files[path] else {
      throw SystemError(
        operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
    }
    return MemoryFile(bytes: bytes)
  }
}

struct MemoryFile: OldFile {
  var bytes: [UInt8]
  var length: UInt64 { UInt64(bytes.count) }

  func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    let start = Int(min(offset, length))
    let count = min(bytes.count - start, out.freeCapacity)
    // Byte by byte the tests would take minutes.
    unsafe out.withUnsafeMutableBytes { room, initialized in
      unsafe bytes.withUnsafeBytes {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[initialized...])
        unsafe rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
      }
      initialized += count
    }
  }
}

/// A tree with one file behind every path, which does what it is told.
struct StrangeTree: OldTree {
  var file: StrangeFile

  func open(_ path: [UInt8]) throws(SystemError) -> StrangeFile { file }
}

/// A file of zeros that says it has a length, and has another; it notes the longest read.
final class StrangeFile: OldFile {
  let length: UInt64
  let end: UInt64
  let error: SystemError?
  var longestRead = 0

  init(length: UInt64, end: UInt64? = nil, error: SystemError? = nil) {
    self.length = length
    self.end = end ?? length
    self.error = error
  }

  func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    if let error { throw error }
    longestRead = max(longestRead, out.freeCapacity)
    let left = end > offset ? end - offset : 0
    let count = Int(min(left, UInt64(out.freeCapacity)))
    unsafe out.append(repeating: 0, count: count, as: UInt8.self)
  }
}
