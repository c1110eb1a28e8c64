/// Cuts what a program says into lines, and keeps to a limit.
public struct OutputLines: Sendable {
  /// A longer line is cut, in bytes.
  public static let maximumLength = 1024

  /// Whether the program has closed its outputs.
  var isAtEnd = false
  private var rest: [UInt8] = []
  private var room: Int
  private var isCut = false

  init(limit: Int) { room = Swift.max(limit, 0) }

  /// Hands on the lines that are whole now.
  mutating func append(_ bytes: [UInt8], _ line: (String) -> Void) {
    for byte in bytes.prefix(room) {
      if byte == UInt8(ascii: "\n") {
        handOn(line)
      } else {
        rest.append(byte)
        if rest.count == Self.maximumLength { handOn(line) }
      }
    }
    if bytes.count > room { isCut = true }
    room -= Swift.min(bytes.count, room)
  }

  /// Hands on what has no line's end.
  mutating func finish(_ line: (String) -> Void) {
    if !rest.isEmpty { handOn(line) }
    if isCut { line("(more was said, and left out)") }
  }

  private mutating func handOn(_ line: (String) -> Void) {
    line(String(decoding: rest, as: UTF8.self))
    rest.removeAll(keepingCapacity: true)
  }
}
