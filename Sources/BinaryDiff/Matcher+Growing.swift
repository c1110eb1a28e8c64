internal import Bytes

extension Matcher {
  /// What a copied byte is worth that is right, and what one costs that is wrong (measured: less for
  /// either makes patches half a per cent larger).
  private static let rightWeight = 3
  private static let wrongWeight = 2

  /// Closes the open copy where it is best closed before a match, and opens that.
  mutating func switchCopy(to match: CopyRange) {
    var forward = growth(to: match.new)
    var backward = backwardGrowth(of: match)
    let overlap = open.new &+ open.count &+ forward &- (match.new &- backward)
    if overlap > 0 {
      let kept = bestCut(of: match, backward: backward, overlap: overlap)
      forward &+= kept &- overlap
      backward &-= kept
    }
    close(by: forward)
    open = CopyRange(
      new: match.new &- backward, old: match.old &- backward, count: match.count &+ backward)
  }

  /// Closes the last copy.
  mutating func closeLastCopy() {
    close(by: growth(to: new.byteCount))
  }

  /// Appends the open copy, grown by a number of bytes, which may be negative.
  private mutating func close(by growth: Int) {
    open.count &+= growth
    guard open.count >= Self.shortestCopy else { return }
    copies.append(open)
  }

  /// How many bytes the open copy should grow, at most to `limit` in new: as long as it gets more
  /// right than it costs.
  private func growth(to limit: Int) -> Int {
    let start = open.newEnd
    let oldStart = open.old &+ open.count
    let count = min(limit &- start, old.byteCount &- oldStart)
    var at = 0
    var score = 0
    var best = (score: 0, count: 0)
    while at < count, score > best.score &- Self.hopeless {
      let run = new.matchLength(at: start &+ at, old, at: oldStart &+ at, limit: count &- at)
      score &+= run &* Self.rightWeight
      at &+= run
      if score > best.score { best = (score, at) }
      score &-= Self.wrongWeight
      at &+= 1
    }
    return best.count
  }

  /// The same for a match, backwards, at most to the start of the open copy.
  private func backwardGrowth(of match: CopyRange) -> Int {
    let count = min(match.new &- open.new, match.old)
    var at = 0
    var score = 0
    var best = (score: 0, count: 0)
    while at < count, score > best.score &- Self.hopeless {
      let run = new.matchLength(
        before: match.new &- at, old, before: match.old &- at, limit: count &- at)
      score &+= run &* Self.rightWeight
      at &+= run
      if score > best.score { best = (score, at) }
      score &-= Self.wrongWeight
      at &+= 1
    }
    return best.count
  }

  /// How many of the bytes that both copies could have the earlier one should keep.
  private func bestCut(of match: CopyRange, backward: Int, overlap: Int) -> Int {
    let start = match.new &- backward
    let oldStart = match.old &- backward
    let openStart = start &+ open.diagonal
    var score = 0
    var best = (score: 0, kept: 0)
    for at in 0..<overlap {
      let byte = new[start &+ at]
      if old[openStart &+ at] == byte { score &+= 1 }
      if old[oldStart &+ at] == byte { score &-= 1 }
      if score > best.score { best = (score, at &+ 1) }
    }
    return best.kept
  }
}
