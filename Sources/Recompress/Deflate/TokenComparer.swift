/// Puts the tokens that really stand in deflate data beside those predicted, and notes what differs.
struct TokenComparer: TokenChooser {
  /// What the data holds, in order.
  private enum Entry {
    static let storedMark: UInt32 = 0x8000_0000
    static let endMark: UInt32 = 0xc000_0000
  }

  /// A block, as it was and as it would have been.
  struct Block {
    var count: Int
    /// The first number of tokens, at most `count`, at which gzip(1) would have ended the block.
    var gzipCount: Int?
    var correction: BlockCorrection
  }

  private let isLazy: Bool
  private let guesses: Bool
  /// More bytes of corrections are not worth it.
  private let limit: Int
  private let analysesBlocks: Bool

  private var queue: [UInt32] = []
  private var next = 0
  private var headers: [(type: BlockType, header: DynamicHeader?)] = []
  private var nextHeader = 0
  private var block: [DeflateToken] = []
  private var gap: UInt64 = 0

  /// The corrections so far.
  private(set) var corrections: [UInt8] = []
  /// How many there are.
  private(set) var correctionCount = 0
  /// The blocks that ended.
  private(set) var blocks: [Block] = []
  private(set) var tokenCount: UInt64 = 0

  init(_ parameters: DeflateParameters, limit: Int, analysesBlocks: Bool) {
    isLazy = parameters.isLazy
    guesses = parameters.level > 2
    self.limit = limit
    self.analysesBlocks = analysesBlocks
  }

  // MARK: What the reader gives

  mutating func beginBlock(_ type: BlockType, _ header: DynamicHeader?) {
    headers.append((type, header))
  }

  mutating func add(_ tokens: [DeflateToken]) {
    compact()
    queue.reserveCapacity(queue.count + tokens.count)
    for token in tokens { queue.append(token.rawValue) }
  }

  /// Adds bytes of a stored block, of which the tokens are not known.
  mutating func addStored(_ count: Int) {
    guard count > 0 else { return }
    compact()
    queue.append(Entry.storedMark | UInt32(truncatingIfNeeded: count))
  }

  mutating func endBlock() throws(RecompressError) {
    compact()
    queue.append(Entry.endMark)
    try passEnds()
  }

  private mutating func compact() {
    // What waits for bytes to be known behind it is little.
    guard next > queue.count / 2 else { return }
    queue.removeFirst(next)
    next = 0
  }

  // MARK: Choosing

  var isReady: Bool { next < queue.count }

  mutating func choose(
    predicted: DeflateToken, byte: UInt8, remaining: Int
  ) throws(RecompressError) -> DeflateToken {
    let token = take(predicted, byte)
    // What really stands there was decoded: a longer one would mean that bytes are missing.
    guard token.byteCount <= remaining else { throw .recipeMismatch(offset: tokenCount) }
    tokenCount &+= 1
    if token == predicted {
      gap &+= 1
    } else {
      TokenCorrections.append(token, gap: gap, to: &corrections)
      correctionCount &+= 1
      gap = 0
      guard corrections.count <= limit else { throw .tooLong(limit: UInt64(limit)) }
    }
    if analysesBlocks {
      block.append(token)
      guard block.count < DeflateRecipe.mostBlockTokens else {
        throw .tooLong(limit: UInt64(DeflateRecipe.mostBlockTokens))
      }
    }
    if next < queue.count, queue[next] == Entry.endMark { try passEnds() }
    return token
  }

  private mutating func take(_ predicted: DeflateToken, _ byte: UInt8) -> DeflateToken {
    let entry = queue[next]
    guard entry & Entry.storedMark != 0 else {
      next &+= 1
      return DeflateToken(rawValue: entry)
    }
    // Any tokens will do that end where the block does.
    let left = Int(entry & ~Entry.storedMark)
    var token = predicted
    if token.byteCount > left {
      token =
        left >= 3
        ? .match(length: left, distance: predicted.distance) : .literal(byte)
    }
    if token.byteCount == left {
      next &+= 1
    } else {
      queue[next] = Entry.storedMark | UInt32(truncatingIfNeeded: left &- token.byteCount)
    }
    return token
  }

  // MARK: Blocks

  private mutating func passEnds() throws(RecompressError) {
    while next < queue.count, queue[next] == Entry.endMark {
      next &+= 1
      try closeBlock()
    }
  }

  private mutating func closeBlock() throws(RecompressError) {
    guard analysesBlocks, nextHeader < headers.count else { return }
    let (type, header) = headers[nextHeader]
    nextHeader += 1
    if nextHeader == headers.count {
      headers.removeAll(keepingCapacity: true)
      nextHeader = 0
    }
    var tally = BlockTally()
    let gzipCount = tallyUp(&tally)
    var correction = BlockCorrection()
    let usual = tally.usualForm()
    if type != usual.type { correction.type = type }
    if let header, header.bits != (type == usual.type ? usual : .dynamic(tally.usualHeader())).bits
    {
      correction.header = header
      correction.type = nil
    }
    blocks.append(Block(count: block.count, gzipCount: gzipCount, correction: correction))
    guard blocks.count <= max(limit, 1024) else { throw .tooLong(limit: UInt64(limit)) }
    block.removeAll(keepingCapacity: true)
  }

  /// Counts the block's tokens.
  ///
  /// - Returns: Where gzip(1) would have ended it.
  private func tallyUp(_ tally: inout BlockTally) -> Int? {
    var gzipCount: Int?
    let tokens = block.span
    while tally.count < tokens.count {
      let next =
        gzipCount == nil
        ? min(
          (tally.count / BlockPolicy.guessInterval &+ 1) &* BlockPolicy.guessInterval,
          BlockPolicy.gzip.limit) : tokens.count
      tally.add(tokens.extracting(tally.count..<min(next, tokens.count)))
      guard tally.count == next, gzipCount == nil else { continue }
      if next == BlockPolicy.gzip.limit || guesses && BlockPolicy.gzipEnds(tally, isLazy: isLazy) {
        gzipCount = next
      }
    }
    return gzipCount
  }

  /// The corrections of all blocks, if `policy` ends them; the last one ends with the data.
  func blockCorrections(_ policy: BlockPolicy) -> [UInt8] {
    var bytes: [UInt8] = []
    var gap = 0
    for (index, block) in blocks.enumerated() {
      var correction = block.correction
      let predicted = policy == .gzip ? block.gzipCount : Optional(policy.limit)
      if index < blocks.count - 1 {
        if predicted != block.count { correction.count = block.count }
      } else if let predicted, predicted <= block.count {
        correction.count = block.count + 1
      }
      if correction.isEmpty {
        gap += 1
      } else {
        correction.append(gap: gap, to: &bytes)
        gap = 0
      }
    }
    return bytes
  }
}

extension BlockForm {
  /// The header's bits, of a dynamic block.
  fileprivate var bits: RecordedBits? {
    if case .dynamic(let header) = self { header.bits } else { nil }
  }
}
