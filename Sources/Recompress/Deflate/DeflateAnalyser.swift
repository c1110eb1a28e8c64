internal import Bytes

/// Finds out which recipe brings deflate data back.
struct DeflateAnalyser {
  /// What was found.
  struct Result {
    /// The length of the deflate data, without a trailer.
    var compressedCount: UInt64
    var openedCount: UInt64
    var recipe: DeflateRecipe
    var tokenCorrectionCount: Int
    var blockCount: Int
  }

  /// How many opened bytes are tried with all levels.
  static let sampleCount: UInt64 = 192 << 10
  /// Fewer opened bytes than these tell nothing about the level: the first that does is taken.
  private static let longestBackReference = 32768
  /// Corrections may be this share of the compressed bytes, and this many bytes besides.
  static let correctionShare: UInt64 = 8
  static let correctionAllowance: UInt64 = 64

  let source: any RandomAccessBytes
  let offset: UInt64
  let limits: RecompressLimits

  /// Opens the data into `spill`, and finds its recipe; nothing is proven yet.
  ///
  /// - Parameters:
  ///   - hint: A level to try first.
  ///   - ceiling: The most opened bytes.
  /// - Returns: `nil` if corrections would be too long.
  /// - Throws: If it is not deflate data, or too much of it.
  func analyse(
    hint: UInt8?, ceiling: UInt64, into spill: any SpilledBytes
  ) throws(RecompressError) -> Result? {
    guard let parameters = try bestParameters(hint: hint) else { return nil }
    let rest = source.byteCount &- min(offset, source.byteCount)
    let limit = Int(
      clamping: min(
        rest / Self.correctionShare &+ Self.correctionAllowance,
        UInt64(DeflateRecipe.longestCorrections)))
    var comparer = TokenComparer(parameters, limit: limit, analysesBlocks: true)
    var predictor = TokenPredictor(parameters)
    var reader = InflateReader(source, at: offset)
    do {
      try compare(&reader, &predictor, &comparer, upTo: .max, ceiling: ceiling, spill)
    } catch .tooLong(let reached) where reached == UInt64(limit) {
      return nil
    }
    guard reader.hasZeroPadding else { return nil }
    var recipe = Self.recipe(parameters, comparer)
    recipe.tokenCorrections = comparer.corrections
    let length = recipe.tokenCorrections.count + recipe.blockCorrections.count
    guard
      UInt64(length) <= reader.compressedCount / Self.correctionShare &+ Self.correctionAllowance
    else { return nil }
    return Result(
      compressedCount: reader.compressedCount, openedCount: reader.openedCount, recipe: recipe,
      tokenCorrectionCount: comparer.correctionCount, blockCount: comparer.blocks.count)
  }

  /// The recipe with the policy that needs the fewest corrections.
  private static func recipe(
    _ parameters: DeflateParameters, _ comparer: TokenComparer
  ) -> DeflateRecipe {
    var policies: [BlockPolicy] = [.gzip, .zlib(exponent: 14), .zlib(exponent: 15)]
    policies += BlockPolicy.exponents.filter { $0 < 14 }.map { .zlib(exponent: $0) }
    var best: DeflateRecipe?
    for policy in policies {
      var recipe = DeflateRecipe(parameters: parameters, policy: policy, trailer: .none)
      recipe.blockCorrections = comparer.blockCorrections(policy)
      if let best, best.blockCorrections.count <= recipe.blockCorrections.count { continue }
      best = recipe
      if recipe.blockCorrections.isEmpty { break }
    }
    return best ?? DeflateRecipe(parameters: parameters, policy: .gzip, trailer: .none)
  }

  /// What predicts the first bytes best; `nil` if nothing does well.
  private func bestParameters(hint: UInt8?) throws(RecompressError) -> DeflateParameters? {
    var best: (parameters: DeflateParameters, corrections: Int)?
    for parameters in Self.candidates(hint: hint) {
      let limit = best?.corrections ?? Int(Self.sampleCount)
      var comparer = TokenComparer(parameters, limit: limit, analysesBlocks: false)
      var predictor = TokenPredictor(parameters)
      var reader = InflateReader(source, at: offset)
      do {
        try compare(
          &reader, &predictor, &comparer, upTo: Self.sampleCount, ceiling: .max, nil)
      } catch .tooLong {
        continue
      }
      let length = comparer.corrections.count
      if length < best?.corrections ?? .max { best = (parameters, length) }
      // A few odd tokens are no other level.
      if UInt64(comparer.correctionCount) <= comparer.tokenCount / 2048 { break }
      // Nor does another level make good what is that far off.
      if best == nil { return nil }
    }
    return best?.parameters
  }

  /// What encoders use, the most usual first.
  private static func candidates(hint: UInt8?) -> [DeflateParameters] {
    var levels: [UInt8] = [6, 9, 1, 5, 7, 8, 4, 3, 2]
    if let hint { levels = [hint] + levels.filter { $0 != hint } }
    var all = levels.map { DeflateParameters(level: $0) }
    all += levels.prefix(3).map { DeflateParameters(level: $0, hashBits: 16) }
    all += levels.filter { $0 > 3 }.map { DeflateParameters(level: $0, strategy: .filtered) }
    return all
  }

  /// Reads the data beside its prediction, up to its end or a bit behind `upTo` opened bytes.
  private func compare(
    _ reader: inout InflateReader, _ predictor: inout TokenPredictor,
    _ comparer: inout TokenComparer, upTo: UInt64, ceiling: UInt64, _ spill: (any SpilledBytes)?
  ) throws(RecompressError) {
    while reader.openedCount < upTo {
      switch try reader.next() {
      case .end: return try predictor.run(isFinal: true, &comparer)
      case .blockBegins(let type, let header): comparer.beginBlock(type, header)
      case .blockEnds: try comparer.endBlock()
      case .bytes:
        guard reader.openedCount <= ceiling else { throw .tooLong(limit: ceiling) }
        guard limits.allows(opened: reader.openedCount, compressed: reader.compressedCount) else {
          throw .tooLong(limit: ceiling)
        }
        try pass(&reader, &predictor, &comparer, spill)
      }
    }
  }

  private func pass(
    _ reader: inout InflateReader, _ predictor: inout TokenPredictor,
    _ comparer: inout TokenComparer, _ spill: (any SpilledBytes)?
  ) throws(RecompressError) {
    let bytes = reader.bytes
    if let spill { try spill.append(bytes) }
    if reader.tokens.isEmpty {
      comparer.addStored(bytes.byteCount)
    } else {
      comparer.add(reader.tokens)
    }
    var taken = 0
    while taken < bytes.byteCount {
      taken &+= predictor.append(bytes.extracting(taken..<bytes.byteCount))
      try predictor.run(isFinal: false, &comparer)
    }
  }
}
