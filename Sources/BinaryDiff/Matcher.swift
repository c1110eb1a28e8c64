internal import Bytes

/// Decides what of new is copied from where in old: bsdiff's matching.
///
/// New is read once. The copy that is open goes on along its *diagonal* as long as that is about as
/// good as the best match elsewhere; a match that gets enough bytes right which the diagonal gets
/// wrong to pay for telling where it is opens another. Where two copies meet, both grow towards each
/// other while enough bytes are right, and what lies between is inserted.
struct Matcher: ~Escapable {
  /// How many more bytes than the diagonal a match must get right before its cost is asked for.
  static let leastGain = 6
  /// Of ``nearlyEqualWindow`` bytes, the diagonal may get so many wrong before one looks elsewhere.
  static let mostWrong = 8
  /// A run this long on the open diagonal, or a common prefix or suffix, is taken unseen: a match
  /// elsewhere may be longer, but growing backwards will recover its start.
  static let longRun = 32
  /// So many bytes tell whether the diagonal is nearly right.
  static let nearlyEqualWindow = 256
  /// No suffixes are sorted for less than this, however it differs.
  static let shortestSearch = 64
  /// A copy stops growing when it got so many more bytes wrong than right.
  static let hopeless = 8192
  /// When so many searches were for words that old has, and hardly any for others, words say little: there
  /// are few of them, matches are short and many, and one is content with looking at fewer bytes.
  static let patience = 64 << 10
  /// Hardly any: one of so many.
  static let rarity = 64
  /// A copy of fewer bytes costs more than inserting them.
  static let shortestCopy = 8

  let old: RawSpan
  let new: RawSpan
  let suffixes: LazySuffixArray
  /// Where the common suffix starts in new, and in old.
  let end: Int
  let oldEnd: Int
  /// The copy that is open; its end moves as matching goes on.
  var open: CopyRange
  var copies: [CopyRange] = []
  /// How many searches were for words that old has, and for others.
  private var searches = (found: 0, vain: 0)

  /// - Parameters:
  ///   - starts: Where new probably starts in `old`, the likeliest first; all inside it.
  ///   - ends: Where it probably ends.
  ///   - suffixes: Those of `old`, sorted if it comes to that.
  @_lifetime(copy old, copy new)
  init(old: RawSpan, new: RawSpan, starts: [Int], ends: [Int], suffixes: LazySuffixArray) {
    self.old = old
    self.new = new
    self.suffixes = suffixes
    open = new.longestPrefix(in: old, at: starts, atLeast: Self.longRun)
    let suffix = new.longestSuffix(
      in: old, before: ends, after: open.count, atLeast: Self.longRun)
    end = suffix.new
    oldEnd = suffix.old
  }

  /// The copies, in the order of new; they do not overlap there.
  consuming func findCopies() throws(DiffError) -> [CopyRange] {
    let searches = !old.isEmpty && end &- open.newEnd > Self.shortestSearch
    while let match = try nextMatch(searches: searches) { switchCopy(to: match) }
    closeLastCopy()
    return copies
  }

  /// The next match that is worth more than the open copy's diagonal; at last the common suffix.
  private mutating func nextMatch(searches: Bool) throws(DiffError) -> CopyRange? {
    if searches, let match = try search() { return match }
    guard end < new.byteCount, oldEnd &- end != open.diagonal else { return nil }
    return CopyRange(new: end, old: oldEnd, count: new.byteCount &- end)
  }

  /// The next match before the common suffix.
  private mutating func search() throws(DiffError) -> CopyRange? {
    let diagonal = open.diagonal
    var sorted: SuffixArray?
    var match = CopyRange(new: open.newEnd, old: 0, count: 0)
    var score = DiagonalScore(from: match.new)
    while match.new < end {
      let run = goodRun(match.new, diagonal)
      if run > 0 {
        match = CopyRange(new: match.new &+ run, old: 0, count: 0)
        score = DiagonalScore(from: match.new)
        continue
      }
      if sorted == nil { sorted = try suffixes.get(old) }
      if let sorted { improve(&match, sorted, diagonal) }
      score.extend(to: match.newEnd, diagonal, old, new)
      if let sorted, isWorthCopying(&match, score.right, sorted) { return match }
      if match.count > 0, match.count == score.right {
        match = CopyRange(new: match.newEnd, old: 0, count: 0)
        score = DiagonalScore(from: match.new)
      } else {
        for _ in 0...passed(match) {
          score.drop(match.new, diagonal, old, new)
          match = CopyRange(
            new: match.new &+ 1, old: match.old &+ 1, count: max(match.count &- 1, 0))
        }
      }
    }
    return nil
  }

  /// How many bytes behind the first of a match that is not worth a copy need not be searched for: a
  /// better one ends behind it, and grows backwards.
  private func passed(_ match: CopyRange) -> Int {
    guard searches.found > Self.patience, searches.vain &* Self.rarity < searches.found,
      match.count < Self.longRun
    else { return 0 }
    return max(match.count &- 1, 0)
  }

  /// Replaces what is left of a match by the longest one.
  ///
  /// The rest of a long match stays nearly the longest: searching anew at each of its bytes would
  /// make long runs quadratic.
  private mutating func improve(
    _ match: inout CopyRange, _ suffixes: SuffixArray, _ diagonal: Int
  ) {
    guard match.count < Self.longRun else { return }
    let found = suffixes.longestMatch(
      of: new, match.new..<end, in: old, near: match.new &+ diagonal)
    match.old = found.old
    match.count = found.count
    if found.count > 0 { searches.found &+= 1 } else { searches.vain &+= 1 }
  }

  /// How many bytes from `at` on the open diagonal gets right, or nearly; 0: it does not.
  private func goodRun(_ at: Int, _ diagonal: Int) -> Int {
    let source = at &+ diagonal
    guard source < old.byteCount else { return 0 }
    let run = new.matchLength(
      at: at, old, at: source, limit: min(end &- at, old.byteCount &- source))
    if run >= Self.longRun { return run }
    let window = min(Self.nearlyEqualWindow, end &- at)
    let isGood = new.nearlyMatches(
      at: at, old, at: source, count: window, allowed: Self.mostWrong)
    return isGood ? window : 0
  }
}
