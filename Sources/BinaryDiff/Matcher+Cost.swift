internal import Bytes

// What a copy costs, measured on real executables after compression: a byte and a half of lengths,
// and about the binary logarithm of how far its source is from where the previous copy would go on.
extension Matcher {
  /// Of equal matches, the source is chosen among so many on either side of the order of suffixes.
  private static let mostSources = 64
  /// Longer matches are rare, and hardly ever in old twice.
  private static let longestChosen = 1024
  /// How many bytes on either side of a match say whether it goes on.
  private static let context = 32
  /// What telling a copy costs, but for its source, in units of half a byte that it gets right.
  private static let copyCost = 8

  /// Whether a match gets so much right that the diagonal does not that it pays to tell where it is.
  /// If it may, it gets its best source.
  ///
  /// - Parameter right: How many of its bytes the diagonal gets right.
  func isWorthCopying(_ match: inout CopyRange, _ right: Int, _ suffixes: SuffixArray) -> Bool {
    let gain = match.count &- right
    guard gain >= Self.leastGain else { return false }
    guard match.count < Self.longestChosen else { return true }
    match.old = bestSource(of: match, suffixes)
    return gain &* 2 >= Self.copyCost &+ distanceBits(match.old, match)
  }

  /// Of the places that have a match, the one that is near and goes on best.
  private func bestSource(of match: CopyRange, _ suffixes: SuffixArray) -> Int {
    var best = (source: match.old, score: Int.min)
    suffixes.forEachPlace(
      of: new, at: match.new, count: match.count,
      ordered: min(match.count &+ Self.context, new.byteCount &- match.new), in: old,
      limit: Self.mostSources
    ) { source in
      let score = rightAround(match, source) &- 2 &* distanceBits(source, match)
      if score > best.score { best = (source, score) }
    }
    return best.source
  }

  /// How far a source is from where the open copy goes on, in bits.
  private func distanceBits(_ source: Int, _ match: CopyRange) -> Int {
    let distance = (source &- match.new &- open.diagonal).magnitude
    return UInt.bitWidth &- distance.leadingZeroBitCount
  }

  /// How many bytes near a match, before and after it, a source would get right.
  private func rightAround(_ match: CopyRange, _ source: Int) -> Int {
    let before = min(Self.context, match.new &- open.newEnd, source)
    let after = min(
      Self.context, end &- match.newEnd, old.byteCount &- source &- match.count)
    var right = 0
    for at in 0..<max(before, 0)
    where old[source &- 1 &- at] == new[match.new &- 1 &- at] { right &+= 1 }
    let sourceEnd = source &+ match.count
    for at in 0..<max(after, 0)
    where old[sourceEnd &+ at] == new[match.newEnd &+ at] { right &+= 1 }
    return right
  }
}
