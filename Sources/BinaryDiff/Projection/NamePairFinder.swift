internal import BinaryPatch
internal import Bytes

/// Finds out which pairs of tokens a kernel's build chose for the names of its symbols, as
/// `scripts/kallsyms.c` does: again and again the pair that is most frequent.
struct NamePairFinder {
  /// All names, one after the other; each shrinks where it is.
  private var bytes: [UInt8] = []
  private var starts: [Int] = []
  private var counts: [Int] = []
  /// How often each pair of neighbours occurs.
  private var frequencies = [Int32](repeating: 0, count: 1 << 16)
  private var isUsed = [Bool](repeating: false, count: 256)

  /// The pairs of a kernel, and its names coded with them.
  ///
  /// - Returns: `nil` when they do not give its names as they are.
  static func find(_ bytes: RawSpan, _ symbols: KernelSymbols) -> NamePairs? {
    var finder = NamePairFinder(bytes, symbols)
    guard let pairs = NamePairs(finder.choose()) else { return nil }
    let coded = symbols.recodedNames(pairs, bytes)
    guard let coded, coded.count == symbols.names.count,
      coded.rawSpan.matchLength(
        at: 0, bytes, at: symbols.names.lowerBound, limit: coded.count) == coded.count
    else { return nil }
    return pairs
  }

  private init(_ bytes: RawSpan, _ symbols: KernelSymbols) {
    var all: [UInt8] = []
    var starts: [Int] = []
    symbols.forEachName(bytes) { name in
      starts.append(all.count)
      symbols.tokens.append(name, to: &all)
    }
    self.starts = starts
    counts = zip(starts, starts.dropFirst() + [all.count]).map { $1 - $0 }
    for byte in all { isUsed[Int(byte)] = true }
    self.bytes = all
    Self.count(all.span, starts, counts, &frequencies)
  }

  private static func count(
    _ bytes: Span<UInt8>, _ starts: [Int], _ counts: [Int], _ frequencies: inout [Int32]
  ) {
    var frequencies = frequencies.mutableSpan
    for (start, count) in zip(starts, counts) { add(1, bytes, start, count, &frequencies) }
  }

  /// Counts the pairs of a name in, or out.
  @inline(__always)
  private static func add(
    _ change: Int32, _ bytes: Span<UInt8>, _ start: Int, _ count: Int,
    _ frequencies: inout MutableSpan<Int32>
  ) {
    guard count > 1 else { return }
    for at in start..<(start &+ count &- 1) {
      frequencies[Int(bytes[at]) | Int(bytes[at &+ 1]) &<< 8] &+= change
    }
  }

  private mutating func choose() -> [NamePairs.Pair] {
    var pairs: [NamePairs.Pair] = []
    for token in (0..<256).reversed() where !isUsed[token] {
      guard let best = mostFrequent() else { break }
      let pair = NamePairs.Pair(
        token: UInt8(token), first: UInt8(best & 0xff), second: UInt8(best &>> 8))
      Self.replace(pair, &bytes, starts, &counts, &frequencies)
      pairs.append(pair)
    }
    return pairs
  }

  /// Of equal ones, the first.
  private func mostFrequent() -> Int? {
    var best = 0
    for index in frequencies.indices where frequencies[index] > frequencies[best] { best = index }
    return frequencies[best] > 0 ? best : nil
  }

  private static func replace(
    _ pair: NamePairs.Pair, _ bytes: inout [UInt8], _ starts: [Int], _ counts: inout [Int],
    _ frequencies: inout [Int32]
  ) {
    var bytes = bytes.mutableSpan
    var counts = counts.mutableSpan
    var frequencies = frequencies.mutableSpan
    for index in counts.indices {
      let (start, count) = (starts[index], counts[index])
      let end = start &+ count
      var from = start
      while from &+ 1 < end, bytes[from] != pair.first || bytes[from &+ 1] != pair.second {
        from &+= 1
      }
      guard from &+ 1 < end else { continue }
      add(-1, bytes.span, start, count, &frequencies)
      var to = from
      while from < end {
        if from &+ 1 < end, bytes[from] == pair.first, bytes[from &+ 1] == pair.second {
          bytes[to] = pair.token
          from &+= 2
        } else {
          bytes[to] = bytes[from]
          from &+= 1
        }
        to &+= 1
      }
      counts[index] = to &- start
      add(1, bytes.span, start, to &- start, &frequencies)
    }
  }
}
