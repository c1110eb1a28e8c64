internal import Bytes

/// Cuts tokens into blocks and writes these, as zlib or gzip(1) would and as corrections say.
struct BlockEncoder {
  private let policy: BlockPolicy
  private let isLazy: Bool
  private let guesses: Bool
  private var corrections: CorrectionReader
  /// How many blocks are as predicted from here on; -1 behind the last correction.
  private var gap = -1
  private var correction = BlockCorrection()
  private var tokens: [DeflateToken] = []
  private var tally = BlockTally()
  private var writer = BitWriter()
  /// Where the block starts in the opened bytes.
  private var blockStart: UInt64 = 0

  private static let fixedLiterals = CodeLengths.codes(DeflateSymbols.fixedLiteralLengths)
  private static let fixedDistances = CodeLengths.codes(DeflateSymbols.fixedDistanceLengths)

  init(_ recipe: DeflateRecipe) throws(RecompressError) {
    policy = recipe.policy
    isLazy = recipe.parameters.isLazy
    guesses = recipe.policy == .gzip && recipe.parameters.level > 2
    corrections = CorrectionReader(recipe.blockCorrections)
    try readGap()
    try beginBlock()
  }

  private mutating func readGap() throws(RecompressError) {
    gap = corrections.isAtEnd ? -1 : try corrections.number(atMost: TokenCorrections.longestGap)
  }

  private mutating func beginBlock() throws(RecompressError) {
    tokens.removeAll(keepingCapacity: true)
    tally = BlockTally()
    correction = BlockCorrection()
    guard gap == 0 else {
      if gap > 0 { gap &-= 1 }
      return
    }
    correction = try BlockCorrection(&corrections)
    try readGap()
  }

  /// Adds tokens, and appends the blocks that they close to `output`.
  ///
  /// - Parameter predictor: Knows the bytes of a block that is to be stored.
  mutating func add(
    _ more: [DeflateToken], _ predictor: inout TokenPredictor, into output: inout [UInt8]
  ) throws(RecompressError) {
    var next = 0
    while next < more.count {
      try writeEmptyBlocks(&predictor)
      let checkpoint = nextCheckpoint
      let count = min(checkpoint &- tally.count, more.count &- next)
      tally.add(more.span.extracting(next..<(next &+ count)))
      tokens += more[next..<(next &+ count)]
      next &+= count
      guard tally.count < checkpoint || endsBlock(at: checkpoint) == false else {
        try writeBlock(isFinal: false, &predictor)
        output += writer.takeBytes()
        continue
      }
    }
  }

  /// A flush may leave blocks without a token.
  private mutating func writeEmptyBlocks(
    _ predictor: inout TokenPredictor
  ) throws(RecompressError) {
    while correction.count == 0, tally.count == 0 { try writeBlock(isFinal: false, &predictor) }
  }

  /// Appends the rest.
  mutating func finish(
    _ predictor: inout TokenPredictor, into output: inout [UInt8]
  ) throws(RecompressError) {
    try writeEmptyBlocks(&predictor)
    try writeBlock(isFinal: true, &predictor)
    guard gap < 0 else { throw .badRecipe(offset: corrections.offset) }
    writer.align()
    output += writer.takeBytes()
  }

  /// The number of tokens at which it is to be asked whether the block ends.
  private var nextCheckpoint: Int {
    if let count = correction.count { return max(count, tally.count &+ 1) }
    guard guesses else { return policy.limit }
    let interval = BlockPolicy.guessInterval
    return min((tally.count / interval &+ 1) &* interval, policy.limit)
  }

  private func endsBlock(at checkpoint: Int) -> Bool {
    if correction.count != nil || checkpoint == policy.limit { return true }
    return BlockPolicy.gzipEnds(tally, isLazy: isLazy)
  }

  private mutating func writeBlock(
    isFinal: Bool, _ predictor: inout TokenPredictor
  ) throws(RecompressError) {
    let form = try form()
    writer.write(isFinal ? 1 : 0, 1)
    writer.write(UInt32(form.type.rawValue), 2)
    switch form {
    case .stored: try writeStored(&predictor)
    case .fixed: writeTokens(Self.fixedLiterals, Self.fixedDistances)
    case .dynamic(let header):
      writer.write(header.bits)
      writeTokens(
        CodeLengths.codes(header.literalLengths), CodeLengths.codes(header.distanceLengths))
    }
    blockStart &+= UInt64(tally.byteCount)
    if !isFinal { try beginBlock() }
  }

  private func form() throws(RecompressError) -> BlockForm {
    if let header = correction.header { return .dynamic(header) }
    guard let type = correction.type else { return tally.usualForm() }
    switch type {
    case .stored: return .stored
    case .fixed: return .fixed
    case .dynamic: return .dynamic(tally.usualHeader())
    }
  }

  private mutating func writeTokens(_ literals: [UInt32], _ distances: [UInt32]) {
    let tokens = tokens
    writer.write(tokens: tokens.span, literals: literals.span, distances: distances.span)
    let end = literals[DeflateSymbols.endOfBlock]
    writer.write(end >> 5, Int(end & 31))
  }

  private mutating func writeStored(_ predictor: inout TokenPredictor) throws(RecompressError) {
    guard tally.byteCount <= BlockForm.longestStored,
      let bytes = predictor.copyBytes(at: blockStart, count: tally.byteCount)
    else { throw .recipeMismatch(offset: blockStart) }
    writer.align()
    writer.write(UInt32(bytes.count), 16)
    writer.write(UInt32(bytes.count) ^ 0xffff, 16)
    writer.write(bytes: bytes.rawSpan)
  }
}
