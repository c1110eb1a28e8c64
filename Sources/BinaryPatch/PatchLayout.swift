internal import Bytes

/// A patch's header, and where its streams lie.
///
///     u8      kind
///     varint  new length
///     varint  copies
///     varint  byte length of each of the six streams; of kind `projected`, seven
///             the streams
struct PatchLayout {
  let kind: PatchKind
  let newLength: UInt64
  let copyCount: Int
  private let streams: [7 of Range<Int>]

  init(_ patch: RawSpan, limits: PatchLimits) throws(PatchError) {
    guard patch.byteCount <= limits.maxPatchLength else {
      throw .patchTooLong(byteCount: patch.byteCount, limit: limits.maxPatchLength)
    }
    var cursor = StreamCursor(0..<patch.byteCount)
    let first = cursor.readByte(in: patch)
    guard let first, let kind = PatchKind(rawValue: first) else { throw .unknownKind(first) }
    self.kind = kind
    newLength = try Self.readNewLength(&cursor, patch, limits)
    copyCount = try Self.readCopyCount(&cursor, patch, limits)
    streams = try Self.readStreams(&cursor, patch, PatchStream.all(of: kind))
  }

  /// The start of a stream.
  func cursor(_ stream: PatchStream) -> StreamCursor { StreamCursor(streams[stream.rawValue]) }

  private static func readNewLength(
    _ cursor: inout StreamCursor, _ patch: RawSpan, _ limits: PatchLimits
  ) throws(PatchError) -> UInt64 {
    let offset = cursor.offset
    let value = try cursor.readNumber(in: patch)
    guard value <= limits.maxNewLength else {
      throw .newTooLong(offset: offset, value: value, limit: limits.maxNewLength)
    }
    return value
  }

  private static func readCopyCount(
    _ cursor: inout StreamCursor, _ patch: RawSpan, _ limits: PatchLimits
  ) throws(PatchError) -> Int {
    let offset = cursor.offset
    let value = try cursor.readNumber(in: patch)
    guard let count = Int(exactly: value), count <= limits.maxCopies else {
      throw .tooManyCopies(offset: offset, value: value, limit: limits.maxCopies)
    }
    return count
  }

  private static func readStreams(
    _ cursor: inout StreamCursor, _ patch: RawSpan, _ kinds: ArraySlice<PatchStream>
  ) throws(PatchError) -> [7 of Range<Int>] {
    var lengths: [7 of Int] = .init(repeating: 0)
    var total = 0
    for stream in kinds {
      let offset = cursor.offset
      let value = try cursor.readNumber(in: patch)
      // The header's rest may be longer than it will turn out: this only bounds the sum.
      guard let length = Int(exactly: value), length <= cursor.remaining &- total else {
        throw .streamTooLong(stream, offset: offset, value: value)
      }
      lengths[stream.rawValue] = length
      total &+= length
    }
    var streams: [7 of Range<Int>] = .init(repeating: 0..<0)
    for stream in kinds {
      let range = cursor.take(atMost: lengths[stream.rawValue])
      guard range.count == lengths[stream.rawValue] else {
        throw .streamTooLong(
          stream, offset: range.lowerBound, value: UInt64(lengths[stream.rawValue]))
      }
      streams[stream.rawValue] = range
    }
    try cursor.requireEnd()
    return streams
  }
}
