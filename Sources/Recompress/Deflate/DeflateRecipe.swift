internal import Bytes

/// How deflate data comes back from its opened bytes: whose tokens, whose blocks, and what differs.
///
/// ```
/// level | strategy << 4 (1)  hashBits (1)  policy (1)  trailer (1)
/// length of token corrections (varint)   (gap, code)...
/// length of block corrections (varint)   (gap, flags, ...)...
/// ```
struct DeflateRecipe: Hashable, Sendable {
  /// What stands behind the deflate data, and can be computed.
  enum Trailer: UInt8, Sendable {
    case none = 0
    /// CRC-32 and length, as gzip has them.
    case gzip = 1
    /// Adler-32, as zlib has it.
    case zlib = 2

    /// In bytes.
    var length: Int {
      switch self {
      case .none: 0
      case .gzip: 8
      case .zlib: 4
      }
    }
  }

  /// The most bytes of corrections of either kind, and the most tokens of a block.
  static let longestCorrections = 16 << 20
  static let mostBlockTokens = 1 << 20

  var parameters: DeflateParameters
  var policy: BlockPolicy
  var trailer: Trailer
  var tokenCorrections: [UInt8] = []
  var blockCorrections: [UInt8] = []

  /// Appends the recipe.
  func append(to bytes: inout [UInt8]) {
    bytes.append(parameters.level | parameters.strategy.rawValue << 4)
    bytes.append(parameters.hashBits)
    switch policy {
    case .gzip: bytes.append(0)
    case .zlib(let exponent): bytes.append(exponent)
    }
    bytes.append(trailer.rawValue)
    for corrections in [tokenCorrections, blockCorrections] {
      bytes.append(varint: UInt64(corrections.count))
      bytes += corrections
    }
  }

  init(parameters: DeflateParameters, policy: BlockPolicy, trailer: Trailer) {
    self.parameters = parameters
    self.policy = policy
    self.trailer = trailer
  }

  /// Reads the recipe.
  ///
  /// - Throws: ``RecompressError/badRecipe(offset:)``.
  init(_ cursor: inout ByteCursor) throws(RecompressError) {
    guard let first = cursor.read(UInt8.self), DeflateParameters.levels.contains(first & 15),
      let strategy = DeflateParameters.Strategy(rawValue: first >> 4),
      let hashBits = cursor.read(UInt8.self), DeflateParameters.hashBitRange.contains(hashBits),
      let policy = cursor.read(UInt8.self),
      policy == 0 || BlockPolicy.exponents.contains(policy),
      let trailerNumber = cursor.read(UInt8.self), let trailer = Trailer(rawValue: trailerNumber)
    else { throw .badRecipe(offset: cursor.offset) }
    parameters = DeflateParameters(level: first & 15, hashBits: hashBits, strategy: strategy)
    self.policy = policy == 0 ? .gzip : .zlib(exponent: policy)
    self.trailer = trailer
    tokenCorrections = try Self.corrections(&cursor)
    blockCorrections = try Self.corrections(&cursor)
  }

  private static func corrections(_ cursor: inout ByteCursor) throws(RecompressError) -> [UInt8] {
    guard let length = cursor.readVarint(), length <= UInt64(longestCorrections),
      let bytes = cursor.take(Int(length))
    else { throw .badRecipe(offset: cursor.offset) }
    return [UInt8](copying: bytes)
  }
}

/// Numbers out of corrections, one after the other.
struct CorrectionReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  /// Throws ``RecompressError/badRecipe(offset:)``.
  mutating func number(atMost limit: Int) throws(RecompressError) -> Int {
    var cursor = ByteCursor(bytes.rawSpan.extracting(offset..<bytes.count))
    guard let number = cursor.readVarint(), number <= UInt64(limit) else {
      throw .badRecipe(offset: offset)
    }
    offset &+= cursor.offset
    return Int(number)
  }

  /// Throws ``RecompressError/badRecipe(offset:)``.
  mutating func take(_ count: Int) throws(RecompressError) -> [UInt8] {
    guard count <= bytes.count &- offset else { throw .badRecipe(offset: offset) }
    let taken = [UInt8](bytes[offset..<(offset &+ count)])
    offset &+= count
    return taken
  }
}

/// A token that is not what was predicted: a number of tokens before it that are, and the token.
struct TokenCorrections: TokenChooser {
  /// More tokens than a stream may have.
  static let longestGap = 1 << 48

  private var reader: CorrectionReader
  /// How many tokens are as predicted from here on; -1 behind the last correction.
  private var gap = -1
  /// The tokens chosen since they were last taken.
  var chosen: [DeflateToken] = []

  init(_ corrections: [UInt8]) throws(RecompressError) {
    reader = CorrectionReader(corrections)
    try readGap()
  }

  let isReady = true

  /// Whether all corrections were used.
  var isAtEnd: Bool { gap < 0 }

  private mutating func readGap() throws(RecompressError) {
    gap = reader.isAtEnd ? -1 : try reader.number(atMost: Self.longestGap)
  }

  @inline(__always)
  mutating func choose(
    predicted: DeflateToken, byte: UInt8, remaining: Int
  ) throws(RecompressError) -> DeflateToken {
    guard gap == 0 else {
      if gap > 0 { gap &-= 1 }
      chosen.append(predicted)
      return predicted
    }
    let token = try corrected(byte: byte, remaining: remaining)
    chosen.append(token)
    return token
  }

  @inline(never)
  private mutating func corrected(
    byte: UInt8, remaining: Int
  ) throws(RecompressError) -> DeflateToken {
    let at = reader.offset
    let code = try reader.number(atMost: 256 << 15)
    var token = DeflateToken.literal(byte)
    if code > 0 {
      token = .match(length: (code &- 1) &>> 15 &+ 3, distance: (code &- 1) & 0x7fff &+ 1)
    }
    guard token.byteCount <= remaining else { throw .badRecipe(offset: at) }
    try readGap()
    return token
  }

  /// Appends a correction.
  static func append(_ token: DeflateToken, gap: UInt64, to bytes: inout [UInt8]) {
    bytes.append(varint: gap)
    let code = token.isLiteral ? 0 : (token.length - 3) << 15 + token.distance
    bytes.append(varint: UInt64(code))
  }
}

/// A block that ends elsewhere, or is written otherwise, than was predicted.
struct BlockCorrection {
  /// After how many tokens it ends; `nil` where the policy says.
  var count: Int?
  /// `nil` for the usual one.
  var type: BlockType?
  /// Of a dynamic block whose header is not the usual one.
  var header: DynamicHeader?

  private static let countFlag = 1
  private static let typeFlag = 2
  private static let headerFlag = 4
  /// Flags above the type's two bits at 8.
  private static let mostFlags = 31
  /// 14 bits, 19 lengths, 316 lengths with extra bits.
  private static let mostHeaderBits = 14 + 19 * 3 + 316 * 14

  init() {}

  /// Whether nothing is corrected.
  var isEmpty: Bool { count == nil && type == nil && header == nil }

  /// Reads what follows the gap.
  init(_ reader: inout CorrectionReader) throws(RecompressError) {
    let at = reader.offset
    let flags = try reader.number(atMost: Self.mostFlags)
    if flags & Self.countFlag != 0 {
      count = try reader.number(atMost: DeflateRecipe.mostBlockTokens)
    }
    if flags & Self.typeFlag != 0 {
      guard let type = BlockType(rawValue: UInt8(flags >> 3)) else {
        throw .badRecipe(offset: at)
      }
      self.type = type
    } else if flags >> 3 != 0 {
      throw .badRecipe(offset: at)
    }
    if flags & Self.headerFlag != 0 { header = try Self.readHeader(&reader) }
    guard !isEmpty else { throw .badRecipe(offset: at) }
  }

  private static func readHeader(
    _ reader: inout CorrectionReader
  ) throws(RecompressError) -> DynamicHeader {
    let at = reader.offset
    let count = try reader.number(atMost: mostHeaderBits)
    let bytes = try reader.take((count + 7) / 8)
    var bits = BitReader(MemorySpill(bytes), at: 0)
    let header: DynamicHeader
    do { header = try bits.readDynamicHeader() } catch { throw .badRecipe(offset: at) }
    guard header.bits == RecordedBits(bytes: bytes, count: count) else {
      throw .badRecipe(offset: at)
    }
    return header
  }

  /// Appends the correction.
  func append(gap: Int, to bytes: inout [UInt8]) {
    bytes.append(varint: UInt64(gap))
    var flags = count == nil ? 0 : Self.countFlag
    if let type { flags |= Self.typeFlag | Int(type.rawValue) << 3 }
    if header != nil { flags |= Self.headerFlag }
    bytes.append(varint: UInt64(flags))
    if let count { bytes.append(varint: UInt64(count)) }
    if let header {
      bytes.append(varint: UInt64(header.bits.count))
      bytes += header.bits.bytes
    }
  }
}
