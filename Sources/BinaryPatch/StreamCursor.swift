internal import Bytes

/// A place in one stream of a patch.
struct StreamCursor {
  /// The next byte's offset in the patch.
  private(set) var offset: Int
  /// Where the stream ends in the patch; within it by construction.
  let end: Int

  init(_ range: Range<Int>) {
    offset = range.lowerBound
    end = range.upperBound
  }

  var remaining: Int { end &- offset }
  var isAtEnd: Bool { offset == end }

  mutating func readNumber(in patch: RawSpan) throws(PatchError) -> UInt64 {
    if offset < end, patch[offset] < 0x80 {
      defer { offset &+= 1 }
      return UInt64(patch[offset])
    }
    var cursor = ByteCursor(patch.extracting(offset..<end))
    guard let value = cursor.readVarint() else { throw .invalidNumber(offset: offset) }
    offset &+= cursor.offset
    return value
  }

  mutating func readByte(in patch: RawSpan) -> UInt8? {
    guard offset < end else { return nil }
    defer { offset &+= 1 }
    return patch[offset]
  }

  /// Moves on by at most `count` bytes, and says over which.
  mutating func take(atMost count: Int) -> Range<Int> {
    let start = offset
    offset &+= min(count, remaining)
    return start..<offset
  }

  func requireEnd() throws(PatchError) {
    guard isAtEnd else { throw .bytesLeft(offset: offset, count: remaining) }
  }
}
