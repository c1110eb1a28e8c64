internal import Bytes

extension RawSpan {
  /// How many bytes from `start` on equal those of `other` from `otherStart` on.
  ///
  /// - Parameter limit: How many to compare at most; both spans must have them.
  @inline(__always)
  func matchLength(at start: Int, _ other: RawSpan, at otherStart: Int, limit: Int) -> Int {
    // One check for all loads below: they are inside these ranges.
    guard limit > 0, start >= 0, otherStart >= 0, limit <= byteCount &- start,
      limit <= other.byteCount &- otherStart
    else { return 0 }
    var at = 0
    while at &+ 8 <= limit {
      let difference = word(start &+ at) ^ other.word(otherStart &+ at)
      if difference != 0 { return at &+ difference.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < limit, byte(start &+ at) == other.byte(otherStart &+ at) { at &+= 1 }
    return at
  }

  /// How many bytes before `end` equal those of `other` before `otherEnd`, at most `limit`.
  func matchLength(before end: Int, _ other: RawSpan, before otherEnd: Int, limit: Int) -> Int {
    guard limit > 0, limit <= end, limit <= otherEnd, end <= byteCount,
      otherEnd <= other.byteCount
    else { return 0 }
    var at = 0
    while at &+ 8 <= limit {
      let difference = word(end &- at &- 8) ^ other.word(otherEnd &- at &- 8)
      if difference != 0 { return at &+ difference.leadingZeroBitCount / 8 }
      at &+= 8
    }
    while at < limit, byte(end &- at &- 1) == other.byte(otherEnd &- at &- 1) { at &+= 1 }
    return at
  }

  /// Whether at most `allowed` of `count` bytes differ from those of `other`.
  func nearlyMatches(
    at start: Int, _ other: RawSpan, at otherStart: Int, count: Int, allowed: Int
  ) -> Bool {
    guard start >= 0, otherStart >= 0, count <= byteCount &- start,
      count <= other.byteCount &- otherStart
    else { return false }
    var wrong = 0
    var at = 0
    while at &+ 8 <= count {
      let difference = word(start &+ at) ^ other.word(otherStart &+ at)
      // The high bit of each byte that is not zero; no carry leaves its byte.
      let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
      wrong &+= (((difference & low) &+ low | difference) & ~low).nonzeroBitCount
      if wrong > allowed { return false }
      at &+= 8
    }
    while at < count {
      if byte(start &+ at) != other.byte(otherStart &+ at) { wrong &+= 1 }
      at &+= 1
    }
    return wrong <= allowed
  }

  // The callers above have proved the offsets.
  @inline(__always)
  private func word(_ offset: Int) -> UInt64 {
    unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self).littleEndian
  }

  @inline(__always)
  private func byte(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }
}
