/// Counts what stands in a block, and says how zlib would write it.
struct BlockTally {
  private(set) var literals: [UInt32]
  private(set) var distances: [UInt32]
  /// How many tokens there are.
  private(set) var count = 0
  /// How many of them are matches.
  private(set) var matches = 0
  /// How many bytes they stand for.
  private(set) var byteCount = 0
  private var lastByteCount = 0

  init() {
    literals = [UInt32](repeating: 0, count: DeflateSymbols.literals)
    distances = [UInt32](repeating: 0, count: DeflateSymbols.distances)
    literals[DeflateSymbols.endOfBlock] = 1
  }

  /// Adds tokens.
  mutating func add(_ tokens: Span<DeflateToken>) {
    let sums = Self.add(tokens, &literals, &distances)
    count &+= tokens.count
    matches &+= sums.matches
    byteCount &+= sums.bytes
    if tokens.count > 0 { lastByteCount = tokens[tokens.count &- 1].byteCount }
  }

  /// How far gzip(1) stands in the block when it notes the last token: at its start, or, having
  /// looked ahead, one byte behind that.
  func guessedByteCount(isLazy: Bool) -> Int {
    byteCount &- lastByteCount &+ (isLazy ? 1 : 0)
  }

  private static func add(
    _ tokens: Span<DeflateToken>, _ literals: inout [UInt32], _ distances: inout [UInt32]
  ) -> (matches: Int, bytes: Int) {
    var literals = literals.mutableSpan
    var distances = distances.mutableSpan
    let lengthSymbols = DeflateSymbols.symbolOfLength
    let symbols = lengthSymbols.span
    var matches = 0
    var bytes = 0
    for index in tokens.indices {
      let token = tokens[index]
      if token.isLiteral {
        literals[Int(token.rawValue)] &+= 1
        bytes &+= 1
      } else {
        literals[257 &+ Int(symbols[token.length &- 3])] &+= 1
        distances[DeflateSymbols.distanceSymbol(token.distance)] &+= 1
        matches &+= 1
        bytes &+= token.length
      }
    }
    return (matches, bytes)
  }

  /// How zlib and gzip(1) write the block (`_tr_flush_block`): stored, fixed or dynamic, whichever
  /// is shortest.
  func usualForm() -> BlockForm {
    let header = usualHeader()
    let dynamicBits = bits(header.literalLengths, header.distanceLengths) &+ header.bits.count
    let fixedBits = bits(DeflateSymbols.fixedLiteralLengths, DeflateSymbols.fixedDistanceLengths)
    let fixedBytes = (fixedBits &+ 10) &>> 3
    let bestBytes = min((dynamicBits &+ 10) &>> 3, fixedBytes)
    if byteCount &+ 4 <= bestBytes, byteCount <= BlockForm.longestStored { return .stored }
    return bestBytes == fixedBytes ? .fixed : .dynamic(header)
  }

  /// The codes that zlib would make.
  func usualHeader() -> DynamicHeader {
    DynamicHeader(
      literals: CodeLengths(frequencies: literals, longest: 15),
      distances: CodeLengths(frequencies: distances, longest: 15))
  }

  /// How many bits the tokens take with given codes, the end of the block included.
  private func bits(_ literalLengths: [UInt8], _ distanceLengths: [UInt8]) -> Int {
    var bits = 0
    for (symbol, count) in literals.enumerated() where count > 0 {
      let extra = symbol > 256 ? DeflateSymbols.lengthExtraBits(symbol &- 257) : 0
      bits &+= Int(count) &* (Int(literalLengths[symbol]) &+ extra)
    }
    for (symbol, count) in distances.enumerated() where count > 0 {
      let length = Int(distanceLengths[symbol]) &+ DeflateSymbols.distanceExtraBits(symbol)
      bits &+= Int(count) &* length
    }
    return bits
  }
}

/// How a block is written.
enum BlockForm {
  /// The most bytes that a stored block can hold.
  static let longestStored = 65535

  case stored
  case fixed
  case dynamic(DynamicHeader)

  /// BTYPE.
  var type: BlockType {
    switch self {
    case .stored: .stored
    case .fixed: .fixed
    case .dynamic: .dynamic
    }
  }
}

/// BTYPE of RFC 1951.
enum BlockType: UInt8, Sendable {
  case stored = 0
  case fixed = 1
  case dynamic = 2
}

/// Where an encoder ends a block of its own accord.
enum BlockPolicy: Hashable, Sendable {
  /// gzip(1): at 32,767 tokens, or earlier where its guess promises a gain.
  case gzip
  /// zlib: at 2^n - 1 tokens, n being memLevel + 6.
  case zlib(exponent: UInt8)

  static let exponents: ClosedRange<UInt8> = 7...15

  /// The most tokens of a block.
  var limit: Int {
    switch self {
    case .gzip: 32767
    case .zlib(let exponent): 1 << Int(exponent) - 1
    }
  }

  /// After how many tokens gzip(1) guesses again.
  static let guessInterval = 4096

  /// gzip(1)'s guess (`TRUNCATE_BLOCK`): few matches, and half the size.
  static func gzipEnds(_ tally: BlockTally, isLazy: Bool) -> Bool {
    guard tally.matches < tally.count / 2 else { return false }
    var bits = tally.count &* 8
    for (symbol, count) in tally.distances.enumerated() {
      bits &+= Int(count) &* (5 &+ DeflateSymbols.distanceExtraBits(symbol))
    }
    return bits &>> 3 < tally.guessedByteCount(isLazy: isLazy) / 2
  }
}
