internal import CLinux
internal import Glibc

/// A pipe: what is written to one end comes out of the other.
public struct Pipe: ~Copyable, Sendable {
  /// The end to read from.
  public var reading: Descriptor
  /// The end to write to.
  public var writing: Descriptor

  /// Makes a pipe (`pipe2`).
  ///
  /// - Parameter capacity: how many bytes it shall hold before a writer waits; only a wish.
  public init(capacity: CInt? = nil) throws(SystemError) {
    var ends: [CInt] = [-1, -1]
    _ = try systemCall("pipe2", .reads, path: "pipe") { unsafe pipe2(&ends, O_CLOEXEC) }
    reading = Descriptor(adopting: ends[0], path: "pipe")
    writing = Descriptor(adopting: ends[1], path: "pipe")
    if let capacity { _ = clinux_set_pipe_capacity(ends[1], capacity) }
  }
}
