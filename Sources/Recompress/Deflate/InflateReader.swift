internal import Bytes

/// Reads raw deflate data (RFC 1951) as tokens and as the bytes that they stand for, a part at a
/// time.
///
/// It accepts what zlib's `inflate` accepts. Memory is one window and one chunk of input.
struct InflateReader: ~Copyable {
  /// What came.
  enum Step {
    /// A block begins; its header if it is dynamic.
    case blockBegins(BlockType, header: DynamicHeader?)
    /// There are new ``bytes``, and unless the block is stored the ``tokens`` for them.
    case bytes
    case blockEnds
    /// The final block has ended.
    case end
  }

  private enum Phase {
    case betweenBlocks
    case stored(left: Int)
    case coded
    case ending
    case finished
  }

  /// The most tokens of a step.
  static let tokensAStep = 16384
  private static let history = 32768
  private static let room = 128 << 10

  private var input: BitReader
  private var phase = Phase.betweenBlocks
  private var isFinalBlock = false
  private var literals: HuffmanDecoder?
  private var distances: HuffmanDecoder?
  private var window: [UInt8]
  private var start = 0
  private var end = 0
  /// The tokens of the last step.
  private(set) var tokens: [DeflateToken] = []
  /// How many bytes came out.
  private(set) var openedCount: UInt64 = 0

  /// A reader of the bytes from `offset` on.
  init(_ source: any RandomAccessBytes, at offset: UInt64) {
    input = BitReader(source, at: offset)
    window = [UInt8](repeating: 0, count: Self.history + Self.room)
    tokens.reserveCapacity(Self.tokensAStep)
  }

  /// The bytes of the last step.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get { window.rawSpan.extracting(start..<end) }
  }

  /// How many bytes were read, a begun one included.
  var compressedCount: UInt64 { input.byteCount }

  /// How many bits fill the last byte, and whether they are zero; right only at the end.
  var hasZeroPadding: Bool { input.hasZeroPadding }

  /// Goes on.
  ///
  /// - Throws: ``RecompressError/truncated(offset:)``, ``RecompressError/corrupt(offset:)``.
  mutating func next() throws(RecompressError) -> Step {
    switch phase {
    case .finished: return .end
    case .betweenBlocks:
      guard !isFinalBlock else {
        phase = .finished
        return .end
      }
      return try beginBlock()
    case .ending, .stored(left: 0):
      phase = .betweenBlocks
      return .blockEnds
    case .stored(let left):
      try readStored(left)
      return .bytes
    case .coded:
      slide()
      tokens.removeAll(keepingCapacity: true)
      let isEnd = try input.decode(
        literals, distances, &window, &end, until: window.count - 258, &tokens,
        Self.tokensAStep, history: openedCount)
      openedCount &+= UInt64(end &- start)
      if isEnd {
        // The end shows in the next step, unless there is nothing before it.
        phase = tokens.isEmpty ? .betweenBlocks : .ending
        if tokens.isEmpty { return .blockEnds }
      }
      return .bytes
    }
  }

  private mutating func slide() {
    if end > window.count - Self.room / 2 {
      let first = end &- Self.history
      window.withMutableSlide(from: first, to: end)
      end = Self.history
    }
    start = end
  }

  private mutating func beginBlock() throws(RecompressError) -> Step {
    tokens.removeAll(keepingCapacity: true)
    start = end
    isFinalBlock = try input.read(1) == 1
    switch try input.read(2) {
    case 0:
      input.align()
      let length = try input.read(16)
      guard try input.read(16) == length ^ 0xffff else { throw input.corrupt }
      phase = .stored(left: Int(length))
      return .blockBegins(.stored, header: nil)
    case 1:
      literals = HuffmanDecoder(DeflateSymbols.fixedLiteralLengths)
      distances = HuffmanDecoder(DeflateSymbols.fixedDistanceLengths)
      phase = .coded
      return .blockBegins(.fixed, header: nil)
    case 2:
      let header = try input.readDynamicHeader()
      guard let literals = HuffmanDecoder(header.literalLengths),
        let distances = HuffmanDecoder(header.distanceLengths),
        header.literalLengths[DeflateSymbols.endOfBlock] > 0
      else { throw input.corrupt }
      self.literals = literals
      self.distances = distances
      phase = .coded
      return .blockBegins(.dynamic, header: header)
    default: throw input.corrupt
    }
  }

  private mutating func readStored(_ left: Int) throws(RecompressError) {
    slide()
    tokens.removeAll(keepingCapacity: true)
    let count = min(left, window.count &- end)
    try input.readBytes(into: &window, at: end, count: count)
    end &+= count
    openedCount &+= UInt64(count)
    phase = .stored(left: left &- count)
  }
}

extension [UInt8] {
  /// Moves the bytes of a range to the front.
  fileprivate mutating func withMutableSlide(from start: Int, to end: Int) {
    unsafe withUnsafeMutableBytes { bytes in
      let behind = unsafe bytes[start..<end]
      unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: behind))
    }
  }
}

extension BitReader {
  /// Reads the head of a dynamic block (RFC 1951, 3.2.7), and keeps its bits.
  mutating func readDynamicHeader() throws(RecompressError) -> DynamicHeader {
    var record = BitWriter()
    let literalCount = Int(try read(5, &record)) + 257
    let distanceCount = Int(try read(5, &record)) + 1
    let codeCount = Int(try read(4, &record)) + 4
    guard literalCount <= DeflateSymbols.literals, distanceCount <= DeflateSymbols.distances
    else { throw corrupt }
    var codeLengths = [UInt8](repeating: 0, count: DeflateSymbols.codeLengths)
    for symbol in DeflateSymbols.codeLengthOrder[..<codeCount] {
      codeLengths[symbol] = UInt8(try read(3, &record))
    }
    guard let code = HuffmanDecoder(codeLengths), code.symbols.count > 1 else { throw corrupt }
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try readSymbol(code, &record)
      switch symbol {
      case 0...15: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else { throw corrupt }
        lengths += [UInt8](repeating: last, count: Int(try read(2, &record)) + 3)
      case 17: lengths += [UInt8](repeating: 0, count: Int(try read(3, &record)) + 3)
      default: lengths += [UInt8](repeating: 0, count: Int(try read(7, &record)) + 11)
      }
    }
    guard lengths.count == literalCount + distanceCount else { throw corrupt }
    func padded(_ lengths: ArraySlice<UInt8>, _ count: Int) -> [UInt8] {
      lengths + [UInt8](repeating: 0, count: count - lengths.count)
    }
    return DynamicHeader(
      bits: record.recorded(),
      literalLengths: padded(lengths[..<literalCount], DeflateSymbols.literals),
      distanceLengths: padded(lengths[literalCount...], DeflateSymbols.distances))
  }

  private mutating func read(
    _ count: UInt64, _ record: inout BitWriter
  ) throws(RecompressError) -> UInt32 {
    let value = UInt32(truncatingIfNeeded: try read(count))
    record.write(value, Int(count))
    return value
  }

  private mutating func readSymbol(
    _ code: HuffmanDecoder, _ record: inout BitWriter
  ) throws(RecompressError) -> Int {
    let entry = HuffmanDecoder.entry(
      try peek(), code.table.span, code.counts.span, code.symbols.span)
    guard entry != 0 else { throw corrupt }
    _ = try read(UInt64(entry & 15), &record)
    return Int(entry >> 4)
  }
}
