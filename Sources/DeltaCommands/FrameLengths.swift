internal import Bytes
internal import SendStream

/// Follows a stream from command to command, so as to stop right behind its END.
struct FrameLengths {
  /// How many bytes of the header that is next are here already.
  private var head: [UInt8] = []
  /// How many bytes of a command's payload are still to come.
  private var payload = 0
  private var isAtStart = true
  private var isAtLast = false

  private var headLength: Int { isAtStart ? StreamHeader.length : Frame.headerLength }

  /// How many bytes belong to the stream for certain.
  var wanted: Int { payload > 0 ? payload : headLength - head.count }

  /// Takes the next bytes.
  ///
  /// - Returns: how many of them there are up to the stream's end; `nil` if that is not among them.
  mutating func end(in bytes: [UInt8]) -> Int? {
    var at = 0
    while at < bytes.count {
      let count = Swift.min(wanted, bytes.count - at)
      if payload > 0 {
        payload -= count
      } else {
        head += bytes[at..<at + count]
        if head.count == headLength { takeHead() }
      }
      at += count
      if isAtLast, payload == 0 { return at }
    }
    return nil
  }

  private mutating func takeHead() {
    defer {
      head = []
      isAtStart = false
    }
    if isAtStart { return }
    var cursor = ByteCursor(head.rawSpan)
    guard let length = cursor.read(UInt32.self), let kind = cursor.read(UInt16.self) else { return }
    payload = Int(length)
    isAtLast = kind == CommandKind.end.rawValue
  }
}
