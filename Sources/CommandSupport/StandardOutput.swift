internal import Bytes
public import Linux

/// Standard output: results, and nothing else.
public struct StandardOutput: ~Copyable {
  private let descriptor: Descriptor
  private var buffer: [UInt8] = []

  private static let bufferLength = 64 << 10

  /// Writes a result, and a line's end. Unlike `print`, it tells when nobody can read it.
  public static func write(_ text: String) throws(SystemError) {
    var output = try StandardOutput()
    try output.line(text)
    try output.flush()
  }

  /// Standard output, buffered; ``flush()`` at the end.
  public init() throws(SystemError) { descriptor = try Descriptor.standardOutput() }

  /// Writes a line.
  public mutating func line(_ text: String) throws(SystemError) {
    try line(Array(text.utf8))
  }

  /// Writes a line of bytes.
  public mutating func line(_ bytes: [UInt8]) throws(SystemError) {
    buffer += bytes
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= Self.bufferLength { try flush() }
  }

  /// Writes what is buffered.
  public mutating func flush() throws(SystemError) {
    if buffer.isEmpty { return }
    try descriptor.write(buffer.rawSpan)
    buffer.removeAll(keepingCapacity: true)
  }
}
