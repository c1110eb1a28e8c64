internal import Bytes

/// Says what becomes of a predicted token.
protocol TokenChooser {
  /// Whether another token may be chosen now.
  var isReady: Bool { get }

  /// The token that stands at a position instead of the predicted one, or that one.
  ///
  /// - Parameters:
  ///   - byte: The byte at the position: the only literal that can stand there.
  ///   - remaining: How many bytes are known from the position on, at least one: no token may be
  ///     longer.
  mutating func choose(
    predicted: DeflateToken, byte: UInt8, remaining: Int
  ) throws(RecompressError) -> DeflateToken
}

/// zlib's choice of tokens, step by step (`deflate_fast`, `deflate_slow`), in which every step may be
/// overruled: then the choice goes on from what really stands there, so that one odd token costs one
/// correction.
///
/// The bytes come in pieces; memory is a window of ``capacity`` bytes and the hash tables.
struct TokenPredictor: ~Copyable {
  /// How many bytes of the past stay readable: more than a stored block holds.
  static let kept = 128 << 10
  /// How many bytes the window holds at most.
  static let capacity = kept + (256 << 10)
  /// How many it holds at first: most files are short.
  private static let firstCapacity = 32 << 10

  /// Where in the window the choice stands.
  private struct State {
    /// The next token's start.
    var position = 0
    /// What was found there already, while the literal before it was chosen.
    var carried: MatchFinder.Match?
  }

  private let finder: MatchFinder
  private var window: [UInt8]
  private var end = 0
  private var head: [UInt32]
  private var distances: [UInt16]
  private var state = State()
  /// How many bytes left the window.
  private var base: UInt64 = 0

  init(_ parameters: DeflateParameters) {
    finder = MatchFinder(parameters)
    window = [UInt8](repeating: 0, count: Self.firstCapacity)
    head = [UInt32](repeating: 0, count: finder.headCount)
    distances = [UInt16](repeating: .max, count: MatchFinder.windowSize)
  }

  /// How many bytes the tokens so far stand for.
  var tokenOffset: UInt64 { base &+ UInt64(state.position) }
  /// How many bytes were appended.
  var byteCount: UInt64 { base &+ UInt64(end) }

  /// Takes bytes from `bytes`, as many as there is room for once the past is forgotten.
  ///
  /// - Returns: How many were taken: none if the tokens must go on first.
  mutating func append(_ bytes: RawSpan) -> Int {
    if window.count &- end < bytes.byteCount {
      if window.count < Self.capacity { grow(by: bytes.byteCount) }
      if Self.capacity &- end < bytes.byteCount { slide() }
    }
    let start = end
    let count = min(bytes.byteCount, window.count &- start)
    unsafe window.withUnsafeMutableBytes { room in
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: room[start...])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
    }
    end = start &+ count
    return count
  }

  /// Chooses tokens for as long as the chooser is ready and enough bytes are known; with `isFinal`
  /// to the last byte.
  mutating func run(
    isFinal: Bool, _ chooser: inout some TokenChooser
  ) throws(RecompressError) {
    let window = window
    try Self.run(
      finder, window.rawSpan, end, isFinal, &head, &distances, &state, &chooser)
  }

  /// The bytes from a place in the stream on that are still in the window, `nil` if they are not.
  mutating func copyBytes(at offset: UInt64, count: Int) -> [UInt8]? {
    guard offset >= base, let start = Int(exactly: offset &- base), count >= 0, start <= end,
      count <= end &- start
    else { return nil }
    return [UInt8](copying: window.rawSpan.extracting(start..<(start &+ count)))
  }

  private mutating func grow(by count: Int) {
    let wanted = min(max(end &+ count, window.count &* 2), Self.capacity)
    window.append(contentsOf: repeatElement(0, count: wanted &- window.count))
  }

  /// Forgets the past but for ``kept`` bytes.
  private mutating func slide() {
    let distance = state.position &- Self.kept
    // Whole rings only, so that positions keep their place in it.
    let step = distance & ~(MatchFinder.windowSize &- 1)
    guard step > 0 else { return }
    let behind = step..<end
    unsafe window.withUnsafeMutableBytes { bytes in
      unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[behind]))
    }
    end = behind.count
    base &+= UInt64(step)
    state.position &-= step
    if let start = state.carried?.start { state.carried?.start = max(start &- step, 0) }
    Self.slide(&head, by: UInt32(step))
  }

  private static func slide(_ positions: inout [UInt32], by step: UInt32) {
    var positions = positions.mutableSpan
    for index in positions.indices {
      let position = positions[index]
      positions[index] = position > step ? position &- step : 0
    }
  }

  private static func run(
    _ finder: MatchFinder, _ window: RawSpan, _ end: Int, _ isFinal: Bool, _ head: inout [UInt32],
    _ distances: inout [UInt16], _ state: inout State, _ chooser: inout some TokenChooser
  ) throws(RecompressError) {
    var head = head.mutableSpan
    var distances = distances.mutableSpan
    if finder.parameters.isLazy {
      try runLazily(finder, window, end, isFinal, &head, &distances, &state, &chooser)
    } else {
      try runGreedily(finder, window, end, isFinal, &head, &distances, &state, &chooser)
    }
  }

  /// `deflate_slow`.
  @inline(__always)
  private static func runLazily(
    _ finder: MatchFinder, _ window: RawSpan, _ end: Int, _ isFinal: Bool,
    _ head: inout MutableSpan<UInt32>, _ distances: inout MutableSpan<UInt16>,
    _ state: inout State, _ chooser: inout some TokenChooser
  ) throws(RecompressError) {
    let last = isFinal ? end &- 1 : end &- MatchFinder.lookahead
    let lazyLength = finder.parameters.lazyLength
    let isFiltered = finder.parameters.strategy == .filtered
    var position = state.position
    var carried = state.carried
    defer {
      state.position = position
      state.carried = carried
    }
    while position <= last, chooser.isReady {
      let here =
        carried
        ?? search(finder, position, 2, isFiltered, window, end, &head, &distances)
      var next = MatchFinder.Match()
      let hasNext = position &+ 1 < end
      if hasNext {
        if here.length < lazyLength {
          next = search(
            finder, position &+ 1, here.length, isFiltered, window, end, &head, &distances)
        } else {
          _ = finder.insert(position &+ 1, window, end, &head, &distances)
        }
      }
      let predicted =
        here.length >= 3 && next.length <= here.length
        ? DeflateToken.match(length: here.length, distance: position &- here.start)
        : DeflateToken.literal(window[position])
      let token = try chooser.choose(
        predicted: predicted, byte: window[position], remaining: end &- position)
      if token.isLiteral {
        carried = hasNext ? next : nil
        position &+= 1
      } else {
        let behind = position &+ token.length
        var at = position &+ 2
        while at < behind {
          _ = finder.insert(at, window, end, &head, &distances)
          at &+= 1
        }
        carried = nil
        position = behind
      }
    }
  }

  /// The match of a position, which is put into its chain, as `deflate_slow` judges it.
  @inline(__always)
  private static func search(
    _ finder: MatchFinder, _ position: Int, _ shortest: Int, _ isFiltered: Bool, _ window: RawSpan,
    _ end: Int, _ head: inout MutableSpan<UInt32>, _ distances: inout MutableSpan<UInt16>
  ) -> MatchFinder.Match {
    let candidate = finder.insert(position, window, end, &head, &distances)
    guard candidate != 0, position &- candidate <= MatchFinder.longestDistance else {
      return MatchFinder.Match()
    }
    let match = finder.longestMatch(
      at: position, from: candidate, longerThan: shortest, window, end, distances)
    let isPoor =
      match.length <= 5
      && (isFiltered
        || match.length == 3 && position &- match.start > MatchFinder.tooFar)
    return isPoor ? MatchFinder.Match() : match
  }

  /// `deflate_fast`.
  @inline(__always)
  private static func runGreedily(
    _ finder: MatchFinder, _ window: RawSpan, _ end: Int, _ isFinal: Bool,
    _ head: inout MutableSpan<UInt32>, _ distances: inout MutableSpan<UInt16>,
    _ state: inout State, _ chooser: inout some TokenChooser
  ) throws(RecompressError) {
    let last = isFinal ? end &- 1 : end &- MatchFinder.lookahead
    let hashedLength = finder.parameters.lazyLength
    var position = state.position
    defer { state.position = position }
    while position <= last, chooser.isReady {
      let candidate = finder.insert(position, window, end, &head, &distances)
      var here = MatchFinder.Match()
      if candidate != 0, position &- candidate <= MatchFinder.longestDistance {
        here = finder.longestMatch(
          at: position, from: candidate, longerThan: 2, window, end, distances)
      }
      let predicted =
        here.length >= 3
        ? DeflateToken.match(length: here.length, distance: position &- here.start)
        : DeflateToken.literal(window[position])
      let token = try chooser.choose(
        predicted: predicted, byte: window[position], remaining: end &- position)
      let behind = position &+ token.byteCount
      if token.length <= hashedLength, end &- behind >= 3 {
        var at = position &+ 1
        while at < behind {
          _ = finder.insert(at, window, end, &head, &distances)
          at &+= 1
        }
      }
      position = behind
    }
  }
}
