internal import Bytes

/// Reads the wrong copied bytes of a patch: after how many correct ones, and by how much.
struct DifferenceReader {
  private var gaps: StreamCursor
  private var differences: StreamCursor
  /// How many copied bytes are right before the next wrong one; `nil` after the last.
  private var gap: UInt64?
  /// What to add to the next wrong byte.
  private var difference: UInt8 = 0
  /// Where the gap was read, for errors.
  private var gapOffset = 0

  init(_ layout: PatchLayout, _ patch: RawSpan) throws(PatchError) {
    gaps = layout.cursor(.gaps)
    differences = layout.cursor(.differences)
    try advance(in: patch)
  }

  /// Corrects copied bytes in place: those of `output` from `start` on.
  @_lifetime(output: copy output)
  mutating func correct(
    _ output: inout OutputRawSpan, from start: Int, in patch: RawSpan
  ) throws(PatchError) {
    let end = output.byteCount
    var bytes = output.mutableBytes
    try correct(&bytes, start..<end, in: patch)
  }

  /// Corrects copied bytes in place.
  ///
  /// - Parameter range: Inside `bytes`.
  @_lifetime(bytes: copy bytes)
  mutating func correct(
    _ bytes: inout MutableRawSpan, _ range: Range<Int>, in patch: RawSpan
  ) throws(PatchError) {
    let end = min(range.upperBound, bytes.byteCount)
    var at = range.lowerBound
    while let gap {
      let left = UInt64(end &- at)
      guard gap < left else {
        self.gap = gap &- left
        return
      }
      at &+= Int(gap)
      // The gap is less than what is left: the byte is inside.
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      bytes.storeBytes(of: byte &+ difference, toByteOffset: at, as: UInt8.self)
      at &+= 1
      try advance(in: patch)
    }
  }

  /// Reads all that is left, and checks that it fits `copied` bytes; gives how many were wrong.
  func check(copied: UInt64, in patch: RawSpan) throws(PatchError) -> Int {
    var reader = self
    var left = copied
    let count = differences.remaining &+ (gap == nil ? 0 : 1)
    while let gap = reader.gap {
      guard gap < left else {
        throw .differenceOutsideCopies(offset: reader.gapOffset, value: gap)
      }
      left &-= gap &+ 1
      try reader.advance(in: patch)
    }
    return count
  }

  private mutating func advance(in patch: RawSpan) throws(PatchError) {
    guard !gaps.isAtEnd else {
      gap = nil
      return try differences.requireEnd()
    }
    gapOffset = gaps.offset
    gap = try gaps.readNumber(in: patch)
    let offset = differences.offset
    guard let value = differences.readByte(in: patch) else {
      throw .differenceMissing(offset: offset)
    }
    guard value != 0 else { throw .zeroDifference(offset: offset) }
    difference = value
  }
}
