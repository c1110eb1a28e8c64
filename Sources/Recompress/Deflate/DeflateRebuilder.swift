internal import Bytes

/// Makes deflate data again: opened bytes in, compressed bytes out.
struct DeflateRebuilder: ~Copyable {
  private let trailer: DeflateRecipe.Trailer
  private var predictor: TokenPredictor
  private var corrections: TokenCorrections
  private var encoder: BlockEncoder
  private var crc = CRC32()
  private var adler = Adler32()

  /// Throws ``RecompressError/badRecipe(offset:)``.
  init(_ recipe: DeflateRecipe) throws(RecompressError) {
    let corrections = try TokenCorrections(recipe.tokenCorrections)
    let encoder = try BlockEncoder(recipe)
    self.corrections = corrections
    self.encoder = encoder
    trailer = recipe.trailer
    predictor = TokenPredictor(recipe.parameters)
  }

  /// What rebuilding takes, in bytes, besides the recipe itself and the caller's output.
  static let memory: UInt64 = 16 << 20

  mutating func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    switch trailer {
    case .none: break
    case .gzip: crc.update(bytes)
    case .zlib: adler.update(bytes)
    }
    var taken = 0
    while taken < bytes.byteCount {
      taken &+= predictor.append(bytes.extracting(taken..<bytes.byteCount))
      try advance(isFinal: false, into: &output)
    }
  }

  mutating func finish(into output: inout [UInt8]) throws(RecompressError) {
    try advance(isFinal: true, into: &output)
    guard corrections.isAtEnd else {
      throw .recipeMismatch(offset: predictor.tokenOffset)
    }
    try encoder.finish(&predictor, into: &output)
    switch trailer {
    case .none: break
    case .gzip:
      output.append(littleEndian: crc.value)
      output.append(littleEndian: UInt32(truncatingIfNeeded: predictor.byteCount))
    case .zlib: output.append(littleEndian: adler.value.byteSwapped)
    }
  }

  private mutating func advance(
    isFinal: Bool, into output: inout [UInt8]
  ) throws(RecompressError) {
    try predictor.run(isFinal: isFinal, &corrections)
    try encoder.add(corrections.chosen, &predictor, into: &output)
    corrections.chosen.removeAll(keepingCapacity: true)
  }
}
