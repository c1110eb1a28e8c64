internal import Bytes

/// Finds the matches that zlib's `longest_match` finds: the same hash chains, cut at the same
/// lengths.
///
/// Positions are offsets in a window that its owner slides. Position 0 ends a chain, so at the
/// start of a stream it is never matched, as in zlib. Chains are kept as distances: half the memory,
/// and nothing to slide.
struct MatchFinder {
  static let windowSize = 32768
  /// `MAX_MATCH + MIN_MATCH + 1`: how many bytes behind a token its choice may depend on.
  static let lookahead = 262
  /// `MAX_DIST`.
  static let longestDistance = windowSize - lookahead
  /// Farther back than anything is matched.
  private static let endOfChain = 65535
  /// `TOO_FAR`: a match of three bytes farther back than this costs more than three literals.
  static let tooFar = 4096

  /// A match at a position; a length of 2 or less is none.
  struct Match {
    var length = 2
    var start = 0
  }

  let parameters: DeflateParameters
  private let goodLength: Int
  private let niceLength: Int
  private let chainLength: Int
  private let hashShift: UInt32
  private let hashMask: UInt32

  init(_ parameters: DeflateParameters) {
    self.parameters = parameters
    goodLength = parameters.goodLength
    niceLength = parameters.niceLength
    chainLength = parameters.chainLength
    hashShift = (UInt32(parameters.hashBits) + 2) / 3
    hashMask = 1 << UInt32(parameters.hashBits) - 1
  }

  /// How many heads of chains there are.
  var headCount: Int { Int(hashMask) + 1 }

  /// The hash of three bytes, which the caller knows to lie inside.
  @inline(__always)
  private func hash(_ window: RawSpan, _ position: Int) -> Int {
    let first = UInt32(
      unsafe window.unsafeLoad(fromUncheckedByteOffset: position, as: UInt8.self))
    let second = UInt32(
      unsafe window.unsafeLoad(fromUncheckedByteOffset: position &+ 1, as: UInt8.self))
    let third = UInt32(
      unsafe window.unsafeLoad(fromUncheckedByteOffset: position &+ 2, as: UInt8.self))
    return Int(
      ((first &<< (hashShift &+ hashShift)) ^ (second &<< hashShift) ^ third) & hashMask)
  }

  /// `INSERT_STRING`: puts a position at the head of its chain. Nothing within three bytes of `end`.
  ///
  /// - Returns: The former head.
  @inline(__always)
  func insert(
    _ position: Int, _ window: RawSpan, _ end: Int, _ head: inout MutableSpan<UInt32>,
    _ distances: inout MutableSpan<UInt16>
  ) -> Int {
    guard position &+ 3 <= end else { return 0 }
    let slot = hash(window, position)
    let former = unsafe head[unchecked: slot]
    let distance = former == 0 ? Self.endOfChain : min(position &- Int(former), Self.endOfChain)
    unsafe distances[unchecked: position & (Self.windowSize &- 1)] = UInt16(
      truncatingIfNeeded: distance)
    unsafe head[unchecked: slot] = UInt32(truncatingIfNeeded: position)
    return Int(former)
  }

  /// `longest_match`: the first of the longest matches that are longer than `shortest`.
  ///
  /// - Parameters:
  ///   - candidate: The head of the chain.
  ///   - shortest: What a match must exceed: the length of the match one byte before.
  ///   - isLateSearch: Whether `shortest` shortens the search.
  @inline(__always)
  func longestMatch(
    at position: Int, from candidate: Int, longerThan shortest: Int, _ window: RawSpan, _ end: Int,
    _ distances: borrowing MutableSpan<UInt16>
  ) -> Match {
    var best = Match(length: shortest, start: 0)
    let longest = min(258, end &- position)
    let nice = min(niceLength, longest)
    // Nothing longer can be found.
    guard best.length < longest else { return Match() }
    let limit = max(position &- Self.longestDistance, 0)
    var chain = shortest >= goodLength ? chainLength &>> 2 : chainLength
    var at = candidate
    var tail = Self.load16(window, position &+ best.length &- 1)
    let start = Self.load16(window, position)
    repeat {
      if Self.load16(window, at &+ best.length &- 1) == tail, Self.load16(window, at) == start {
        let length = Self.commonLength(window, at, position, longest)
        if length > best.length {
          best = Match(length: length, start: at)
          if length >= nice { break }
          tail = Self.load16(window, position &+ length &- 1)
        }
      }
      at &-= Int(unsafe distances[unchecked: at & (Self.windowSize &- 1)])
      chain &-= 1
    } while at > limit && chain != 0
    return best.length > shortest ? best : Match()
  }

  @inline(__always)
  private static func load16(_ window: RawSpan, _ offset: Int) -> UInt16 {
    unsafe window.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self)
  }

  /// How many bytes from `one` on equal those from `other` on, at most `longest`; both runs of
  /// `longest` bytes lie inside.
  @inline(__always)
  private static func commonLength(
    _ window: RawSpan, _ one: Int, _ other: Int, _ longest: Int
  ) -> Int {
    var length = 0
    while length &+ 8 <= longest {
      let mine = unsafe window.unsafeLoadUnaligned(
        fromUncheckedByteOffset: one &+ length, as: UInt64.self)
      let theirs = unsafe window.unsafeLoadUnaligned(
        fromUncheckedByteOffset: other &+ length, as: UInt64.self)
      let difference = (mine ^ theirs).littleEndian
      if difference != 0 { return length &+ difference.trailingZeroBitCount &>> 3 }
      length &+= 8
    }
    while length < longest,
      unsafe window.unsafeLoad(fromUncheckedByteOffset: one &+ length, as: UInt8.self)
        == window.unsafeLoad(fromUncheckedByteOffset: other &+ length, as: UInt8.self)
    {
      length &+= 1
    }
    return length
  }
}
