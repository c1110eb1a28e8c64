internal import Bytes

extension RawSpan {
  /// The longest start of these bytes that is in `old` at one of some places, the first of equally
  /// long ones; of no bytes and at the first place when it is shorter than `shortest`.
  func longestPrefix(in old: RawSpan, at starts: [Int], atLeast shortest: Int) -> CopyRange {
    var best = CopyRange(new: 0, old: starts.first ?? 0, count: 0)
    for start in starts {
      let limit = Swift.min(byteCount, old.byteCount &- start)
      let shared = matchLength(at: 0, old, at: start, limit: limit)
      if shared >= shortest, shared > best.count {
        best = CopyRange(new: 0, old: start, count: shared)
      }
    }
    return best
  }

  /// The longest end of these bytes, after the first `kept`, that is in `old` before one of some
  /// places; of no bytes when it is shorter than `shortest`.
  func longestSuffix(
    in old: RawSpan, before ends: [Int], after kept: Int, atLeast shortest: Int
  ) -> CopyRange {
    var best = CopyRange(new: byteCount, old: old.byteCount, count: 0)
    for end in ends {
      let limit = Swift.min(byteCount &- kept, end)
      let shared = matchLength(before: byteCount, old, before: end, limit: limit)
      if shared >= shortest, shared > best.count {
        best = CopyRange(new: byteCount &- shared, old: end &- shared, count: shared)
      }
    }
    return best
  }
}
