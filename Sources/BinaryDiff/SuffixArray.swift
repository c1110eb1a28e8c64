internal import Bytes
internal import CDivSufSort

/// All suffixes of old in their order, so that the longest match of any bytes is found by
/// bisection. The one place that calls libdivsufsort.
///
/// Memory: four to six bytes for each byte of old, and half a MiB.
struct SuffixArray: Sendable {
  /// The most bytes that 32-bit offsets can index.
  static let maxByteCount = Int(Int32.max) - 1

  /// The shortest match that is looked for: shorter ones never are worth a copy.
  static let shortestMatch = 8

  /// From so many bytes on, sorting waits more for addresses than it costs to move them to large pages.
  private static let longSort = 16 << 20

  /// Offsets into old, ordered by what follows them.
  private let offsets: [Int32]
  /// For each pair of leading bytes, big-endian, where its suffixes end in ``offsets``.
  private let bucketEnds: [Int32]
  /// How many suffixes start with each pair; with ``bucketEnds``, the bucket.
  private let bucketCounts: [Int32]
  private let words: WordFilter

  /// Sorts the suffixes of `old`, which has at most ``maxByteCount`` bytes.
  ///
  /// - Throws: ``DiffError/sortFailed(code:)`` when there is no memory for it.
  /// - Complexity: O(*n* log *n*).
  init(_ old: RawSpan) throws(DiffError) {
    offsets = try Self.sort(old)
    (bucketEnds, bucketCounts) = Self.buckets(old)
    words = WordFilter(old)
  }

  private static func sort(_ old: RawSpan) throws(DiffError) -> [Int32] {
    let count = old.byteCount
    guard count > 0 else { return [] }
    var code: Int32 = 0
    let offsets = unsafe [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe advise_large_pages(buffer.baseAddress, count &* MemoryLayout<Int32>.stride, 0)
      code = unsafe old.withUnsafeBytes { bytes in
        if count >= Self.longSort { unsafe advise_large_pages(bytes.baseAddress, count, 1) }
        return unsafe divsufsort(
          bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.baseAddress, Int32(count))
      }
      initialized = code == 0 ? count : 0
    }
    guard code == 0 else { throw .sortFailed(code: Int(code)) }
    return offsets
  }

  private static func buckets(_ old: RawSpan) -> (ends: [Int32], counts: [Int32]) {
    var counts = [Int32](repeating: 0, count: 1 << 16)
    guard old.byteCount > 0 else { return (counts, counts) }
    var table = counts.mutableSpan
    for at in 0..<(old.byteCount &- 1) {
      table[Int(old[at]) &<< 8 | Int(old[at &+ 1])] &+= 1
    }
    // The last suffix, of one byte, comes before all pairs that start with it.
    let last = Int(old[old.byteCount &- 1]) &<< 8
    var ends = [Int32](repeating: 0, count: 1 << 16)
    var total: Int32 = 0
    for pair in 0..<(1 << 16) {
      if pair == last { total &+= 1 }
      total &+= counts[pair]
      ends[pair] = total
    }
    return (ends, counts)
  }

  /// The longest match of `new` from `start` on in `old`, which must be what was sorted.
  ///
  /// Of equally long ones that bisection meets, the nearest to `expected`. Matches of less than
  /// ``shortestMatch`` may count as none.
  ///
  /// - Complexity: O(*m* log *n*) for a match of *m* bytes, in the worst case.
  func longestMatch(
    of new: RawSpan, _ range: Range<Int>, in old: RawSpan, near expected: Int
  ) -> (old: Int, count: Int) {
    guard range.count >= Self.shortestMatch, words.mayContain(new, at: range.lowerBound)
    else { return (0, 0) }
    let pair = Int(new[range.lowerBound]) &<< 8 | Int(new[range.lowerBound &+ 1])
    let suffixes = offsets.span
    var high = Int(bucketEnds[pair])
    var low = high &- Int(bucketCounts[pair])
    // How many bytes the suffixes just outside low and high share with new.
    var lowShared = 2
    var highShared = 2
    var best = (old: 0, count: 0)
    while low < high {
      let middle = low &+ (high &- low) / 2
      let suffix = Int(suffixes[middle])
      let known = min(lowShared, highShared)
      let limit = min(range.count, old.byteCount &- suffix)
      let shared =
        known
        &+ new.matchLength(
          at: range.lowerBound &+ known, old, at: suffix &+ known, limit: limit &- known)
      if shared > best.count
        || shared == best.count && abs(suffix &- expected) < abs(best.old &- expected)
      {
        best = (suffix, shared)
      }
      if shared == range.count { break }
      if shared == limit || old[suffix &+ shared] < new[range.lowerBound &+ shared] {
        low = middle &+ 1
        lowShared = shared
      } else {
        high = middle
        highShared = shared
      }
    }
    return best
  }

  /// Calls `body` with places of old that have the first `count` bytes of `new` from `start` on.
  ///
  /// - Parameters:
  ///   - ordered: So many bytes of `new`, `count` at least, say which places come first: those whose
  ///     bytes go on likewise.
  ///   - limit: The most places on either side in the order of suffixes.
  func forEachPlace(
    of new: RawSpan, at start: Int, count: Int, ordered: Int, in old: RawSpan, limit: Int,
    _ body: (Int) -> Void
  ) {
    let suffixes = offsets.span
    let middle = rank(of: new, start..<(start &+ ordered), in: old)
    for step in 1...limit {
      guard middle &- step >= 0 else { break }
      let place = Int(suffixes[middle &- step])
      guard shares(count, new, start, old, place) else { break }
      body(place)
    }
    for step in 0..<limit {
      guard middle &+ step < suffixes.count else { break }
      let place = Int(suffixes[middle &+ step])
      guard shares(count, new, start, old, place) else { break }
      body(place)
    }
  }

  private func shares(
    _ count: Int, _ new: RawSpan, _ start: Int, _ old: RawSpan, _ place: Int
  ) -> Bool {
    count <= old.byteCount &- place
      && new.matchLength(at: start, old, at: place, limit: count) == count
  }

  /// How many suffixes come before a range of `new`, of two bytes at least.
  private func rank(of new: RawSpan, _ range: Range<Int>, in old: RawSpan) -> Int {
    let pair = Int(new[range.lowerBound]) &<< 8 | Int(new[range.lowerBound &+ 1])
    let suffixes = offsets.span
    var high = Int(bucketEnds[pair])
    var low = high &- Int(bucketCounts[pair])
    while low < high {
      let middle = low &+ (high &- low) / 2
      let suffix = Int(suffixes[middle])
      let limit = min(range.count, old.byteCount &- suffix)
      let shared = new.matchLength(at: range.lowerBound, old, at: suffix, limit: limit)
      let isBefore =
        shared < range.count
        && (shared == limit || old[suffix &+ shared] < new[range.lowerBound &+ shared])
      if isBefore { low = middle &+ 1 } else { high = middle }
    }
    return low
  }
}
