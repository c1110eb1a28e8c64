public import BinaryPatch
internal import Bytes

/// Old bytes to make patches against: one file, or several as one address space in their order.
///
/// It may be used for several new ranges, and from several tasks at once. Suffixes are sorted when
/// a patch first needs it, once, at up to six more bytes of memory for each of old; files that are equal, or
/// nearly, need no sorting.
public struct SourceIndex: Sendable {
  /// The most bytes that the sources may have together: just under 2 GiB.
  public static let maxByteCount = SuffixArray.maxByteCount

  private let old: [UInt8]
  private let sources: [Range<Int>]
  private let suffixes = LazySuffixArray()

  /// Whether a patch has needed the suffixes.
  var hasSorted: Bool { suffixes.isMade }

  /// Takes the sources, in the order in which the applying side will have them.
  ///
  /// - Throws: ``DiffError/sourcesTooLong(byteCount:limit:)``.
  public init(sources: [[UInt8]]) throws(DiffError) {
    var end = 0
    var ranges: [Range<Int>] = []
    for source in sources {
      ranges.append(end..<(end + source.count))
      end += source.count
    }
    guard end <= Self.maxByteCount else {
      throw .sourcesTooLong(byteCount: end, limit: Self.maxByteCount)
    }
    self.sources = ranges
    // Of one source, no copy is made.
    old = sources.count == 1 ? sources[0] : Array(sources.joined())
  }

  /// The patch that makes `new`: the same bytes for the same arguments, every time.
  ///
  /// It is never longer than `new` by more than a few bytes of header; whether it stays within
  /// `PatchLimits` is for the caller to see.
  ///
  /// - Parameter position: Where in old one would look for `new` first, when it is a part of a
  ///   file; past the end of old counts as its end. It saves sorting when little has changed.
  /// - Parameter isWholeFile: Whether there is one source, a whole file, and `new` is one, too. Then
  ///   the patch may be of kind `projected`, when both are executables and it is smaller.
  /// - Parameter limits: What applying a patch of kind `projected` must stay in: memory, above all.
  /// - Throws: ``DiffError/sortFailed(code:)`` when memory does not suffice.
  /// - Complexity: O(*n* log *n*) in the lengths of old and new, for any contents.
  public func patch(
    to new: RawSpan, expectedAt position: Int = 0, isWholeFile: Bool = false,
    limits: PatchLimits = .standard
  ) throws(DiffError) -> [UInt8] {
    var knowledge = ProjectionKnowledge()
    return try prepare(
      to: new, expectedAt: position, isWholeFile: isWholeFile, mayShare: false, limits: limits
    ).finish(&knowledge)
  }

  /// The same patch but for what is better left to all patches together.
  ///
  /// - Parameter mayShare: Whether what patches teach is kept from one to the next; if not, it is
  ///   what ``patch(to:expectedAt:isWholeFile:limits:)`` gives.
  /// - Throws: ``DiffError/sortFailed(code:)`` when memory does not suffice.
  public func prepare(
    to new: RawSpan, expectedAt position: Int = 0, isWholeFile: Bool = false,
    mayShare: Bool = true, limits: PatchLimits = .standard
  ) throws(DiffError) -> PreparedPatch {
    let mayShare = mayShare && new.byteCount <= Self.maxSharedLength
    guard isWholeFile, sources.count == 1, !old.rawSpan.nearlyEquals(new),
      let (projected, isClearlyBetter) = try ProjectedPatch.make(
        old.rawSpan, new, mayShare: mayShare, limits)
    else { return PreparedPatch(try plainPatch(to: new, expectedAt: position)) }
    if isClearlyBetter { return projected }
    let plain = try plainPatch(to: new, expectedAt: position)
    return PatchEstimate.size(projected.estimate) < PatchEstimate.size(plain)
      ? projected : PreparedPatch(plain)
  }

  /// A longer file keeps to itself: new is in memory twice until the patch is finished.
  private static let maxSharedLength = 96 << 20

  /// The patch without predictions.
  private func plainPatch(to new: RawSpan, expectedAt position: Int) throws(DiffError) -> [UInt8] {
    let old = old.rawSpan
    let start = min(max(position, 0), old.byteCount)
    let end = min(new.byteCount, old.byteCount &- start) &+ start
    let matcher = Matcher(
      old: old, new: new, starts: [start] + sources.map(\.lowerBound),
      ends: [end] + sources.map(\.upperBound), suffixes: suffixes)
    let copies = try matcher.findCopies()
    return PatchWriter.patch(old: old, new: new, copies: copies)
  }
}

extension RawSpan {
  /// So few bytes that nothing predicts are told as they are.
  private static var fewBytes: Int { 64 }

  /// Whether all but a few bytes are a common start and end.
  fileprivate func nearlyEquals(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    let start = commonPrefixLength(with: other)
    let end = matchLength(
      before: byteCount, other, before: byteCount, limit: byteCount &- start)
    return byteCount &- start &- end <= Self.fewBytes
  }
}
