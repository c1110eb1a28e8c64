internal import Bytes

/// How many bytes a diagonal gets right, from the scanned byte to the end of the longest match.
struct DiagonalScore {
  private(set) var right = 0
  private var end: Int

  init(from start: Int) { end = start }

  /// Counts up to `newEnd`.
  mutating func extend(to newEnd: Int, _ diagonal: Int, _ old: RawSpan, _ new: RawSpan) {
    while end < newEnd {
      if Self.isRight(end, diagonal, old, new) { right &+= 1 }
      end &+= 1
    }
  }

  /// Leaves the first byte out.
  mutating func drop(_ at: Int, _ diagonal: Int, _ old: RawSpan, _ new: RawSpan) {
    if at == end {
      end = at &+ 1
    } else if Self.isRight(at, diagonal, old, new) {
      right &-= 1
    }
  }

  private static func isRight(
    _ at: Int, _ diagonal: Int, _ old: RawSpan, _ new: RawSpan
  ) -> Bool {
    let source = at &+ diagonal
    return source >= 0 && source < old.byteCount && old[source] == new[at]
  }
}
