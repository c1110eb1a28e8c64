internal import Bytes

extension Matcher {
  /// What a copied byte is worth that is right, and what one costs that is wrong (measured: less for
  /// either makes patches half a per cent larger).
  private static let rightWeight = 3
  private static let wrongWeight = 2
  /// The last of two equal cuts must be worth so much more than the first (measured: from 32 to 100 the
  /// same, without it patches are a tenth of a per cent larger).
  private static let clearlyMore = 64

  /// How many bytes a copy should grow, and what these are worth.
  private struct Growth {
    var count = 0
    var score = 0
  }

  /// Closes the open copy where it is best closed before a match, and opens that.
  mutating func switchCopy(to match: CopyRange) {
    var forward = growth(to: match.new)
    var backward = backwardGrowth(of: match, downTo: open.new)
    let meeting = match.new &- backward.count
    let overlap = open.newEnd &+ forward.count &- meeting
    if overlap > 0 {
      (forward, backward) = growths(to: match, overlap: meeting..<(meeting &+ overlap))
    }
    close(by: forward.count)
    open = CopyRange(
      new: match.new &- backward.count, old: match.old &- backward.count,
      count: match.count &+ backward.count)
  }

  /// Closes the last copy.
  mutating func closeLastCopy() {
    close(by: growth(to: new.byteCount).count)
  }

  /// Appends the open copy, grown by a number of bytes, which may be negative.
  private mutating func close(by growth: Int) {
    open.count &+= growth
    guard open.count >= Self.shortestCopy else { return }
    copies.append(open)
  }

  /// How many bytes the open copy should grow, at most to `limit` in new: as long as it gets more
  /// right than it costs.
  private func growth(to limit: Int) -> Growth {
    let start = open.newEnd
    let oldStart = open.old &+ open.count
    let count = min(limit &- start, old.byteCount &- oldStart)
    var at = 0
    var score = 0
    var best = Growth()
    while at < count, score > best.score &- Self.hopeless {
      let run = new.matchLength(at: start &+ at, old, at: oldStart &+ at, limit: count &- at)
      score &+= run &* Self.rightWeight
      at &+= run
      if score > best.score { best = Growth(count: at, score: score) }
      score &-= Self.wrongWeight
      at &+= 1
    }
    return best
  }

  /// The same for a match, backwards, at most to `limit` in new.
  private func backwardGrowth(of match: CopyRange, downTo limit: Int) -> Growth {
    let count = min(match.new &- limit, match.old)
    var at = 0
    var score = 0
    var best = Growth()
    while at < count, score > best.score &- Self.hopeless {
      let run = new.matchLength(
        before: match.new &- at, old, before: match.old &- at, limit: count &- at)
      score &+= run &* Self.rightWeight
      at &+= run
      if score > best.score { best = Growth(count: at, score: score) }
      score &-= Self.wrongWeight
      at &+= 1
    }
    return best
  }

  /// How two copies grow that could both have some bytes of new. What one would grow over only to
  /// reach bytes that are now the other's is left to neither.
  private func growths(
    to match: CopyRange, overlap: Range<Int>
  ) -> (forward: Growth, backward: Growth) {
    let cuts = bestCuts(of: match, overlap)
    let first = growths(to: match, cut: cuts.lowerBound)
    guard !cuts.isEmpty else { return first }
    let last = growths(to: match, cut: cuts.upperBound)
    let gain =
      (last.forward.score &+ last.backward.score)
      &- (first.forward.score &+ first.backward.score)
    return gain > Self.clearlyMore ? last : first
  }

  private func growths(to match: CopyRange, cut: Int) -> (forward: Growth, backward: Growth) {
    let kept = cut &- open.newEnd
    return (
      kept > 0 ? growth(to: cut) : Growth(count: kept, score: kept &* Self.rightWeight),
      backwardGrowth(of: match, downTo: cut)
    )
  }

  /// The first and the last place to cut at, of those where most bytes are right.
  private func bestCuts(of match: CopyRange, _ overlap: Range<Int>) -> Range<Int> {
    let diagonal = open.diagonal
    let matchDiagonal = match.diagonal
    var score = 0
    var best = (score: 0, cuts: overlap.lowerBound..<overlap.lowerBound)
    for at in overlap {
      let byte = new[at]
      if old[at &+ diagonal] == byte { score &+= 1 }
      if old[at &+ matchDiagonal] == byte { score &-= 1 }
      if score > best.score {
        best = (score, (at &+ 1)..<(at &+ 1))
      } else if score == best.score {
        best.cuts = best.cuts.lowerBound..<(at &+ 1)
      }
    }
    return best.cuts
  }
}
