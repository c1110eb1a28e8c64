/// A bit for each of many places.
struct BitSet: Sendable {
  private var words: [UInt64]

  /// No bit of `count` is set.
  init(count: Int) { words = [UInt64](repeating: 0, count: (count &+ 63) / 64) }

  /// Sets a bit; one that there is not stays as it is.
  mutating func insert(_ index: Int) {
    guard index >= 0, index &>> 6 < words.count else { return }
    words[index &>> 6] |= 1 &<< UInt64(index & 63)
  }

  /// Whether a bit is set.
  @inline(__always) func contains(_ index: Int) -> Bool {
    guard index >= 0, index &>> 6 < words.count else { return false }
    return words[index &>> 6] &>> UInt64(index & 63) & 1 != 0
  }

  /// The first bit from `index` on that is set, before `end`; `end`: there is none.
  func next(from index: Int, to end: Int) -> Int {
    var at = max(index, 0)
    while at < end, at &>> 6 < words.count {
      let rest = words[at &>> 6] &>> UInt64(at & 63)
      if rest != 0 { return min(at &+ rest.trailingZeroBitCount, end) }
      at = (at | 63) &+ 1
    }
    return end
  }
}
