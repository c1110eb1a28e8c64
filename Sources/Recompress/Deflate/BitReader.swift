internal import Bytes

/// Reads bits from random access bytes, the lowest of a byte first.
///
/// Behind the end it reads zeros, and finds out soon after: so the inner loop asks only once a token.
struct BitReader {
  private static let chunkSize = 64 << 10
  /// Zeros behind the chunk, so that eight bytes can be loaded at any byte of it and a bit farther.
  private static let padding = 32
  /// How many bytes from the end a chunk is followed by the next.
  private static let reserve = 16

  private let source: any RandomAccessBytes
  private let origin: UInt64
  private var chunk: [UInt8] = []
  /// How many bytes of the chunk are not padding.
  private var chunkCount = 0
  /// How many bytes lie before the chunk.
  private var chunkStart: UInt64 = 0
  private var isLastChunk = false
  /// The next byte of the chunk to be taken into `bits`.
  private var position = 0
  private var bits: UInt64 = 0
  private var bitCount: UInt64 = 0

  init(_ source: any RandomAccessBytes, at offset: UInt64) {
    self.source = source
    origin = offset
    chunk = [UInt8](repeating: 0, count: Self.padding)
  }

  /// How many bits were taken.
  private var takenBits: Int { position &* 8 &- Int(bitCount) }

  /// How many bytes were taken, a begun one included.
  var byteCount: UInt64 {
    // Bits held from the last chunk make the number negative.
    chunkStart &+ UInt64(truncatingIfNeeded: (takenBits &+ 7) &>> 3)
  }

  /// Whether the rest of a begun byte is zero.
  var hasZeroPadding: Bool {
    let rest = bitCount & 7
    return bits & (1 &<< rest &- 1) == 0
  }

  /// That what was just read cannot be.
  var corrupt: RecompressError { .corrupt(offset: byteCount) }

  /// Makes sure that 48 bits and more can be read, be they zeros behind the end.
  private mutating func refill() throws(RecompressError) {
    if position > chunkCount &- Self.reserve { try nextChunk() }
    let more = unsafe chunk.rawSpan.unsafeLoadUnaligned(
      fromByteOffset: position, as: UInt64.self)
    bits |= more.littleEndian &<< bitCount
    position &+= Int((63 &- bitCount) &>> 3)
    bitCount |= 56
  }

  /// Reads on, or finds that more was taken than there is.
  private mutating func nextChunk() throws(RecompressError) {
    guard !isLastChunk else { return try checkEnd() }
    chunkStart &+= UInt64(position)
    let offset = origin &+ chunkStart
    chunk = try source.bytes(at: offset, count: Self.chunkSize)
    chunkCount = chunk.count
    isLastChunk = offset &+ UInt64(chunkCount) >= source.byteCount
    guard isLastChunk || chunkCount == Self.chunkSize else { throw .readFailed(offset: offset) }
    chunk.append(contentsOf: repeatElement(0, count: Self.padding))
    position = 0
  }

  /// The next bits, at least 48, without taking them.
  mutating func peek() throws(RecompressError) -> UInt64 {
    try refill()
    return bits
  }

  /// Takes at most 32 bits.
  mutating func read(_ count: UInt64) throws(RecompressError) -> UInt64 {
    try refill()
    let value = bits & (1 &<< count &- 1)
    bits &>>= count
    bitCount &-= count
    try checkEnd()
    return value
  }

  private func checkEnd() throws(RecompressError) {
    if isLastChunk, takenBits > chunkCount &* 8 {
      throw .truncated(offset: chunkStart &+ UInt64(chunkCount))
    }
  }

  /// Drops the rest of a begun byte.
  mutating func align() {
    let rest = bitCount & 7
    bits &>>= rest
    bitCount &-= rest
  }

  /// Takes whole bytes; the reader must be aligned.
  mutating func readBytes(
    into output: inout [UInt8], at start: Int, count: Int
  ) throws(RecompressError) {
    var done = 0
    while bitCount >= 8, done < count {
      output[start &+ done] = UInt8(truncatingIfNeeded: bits)
      bits &>>= 8
      bitCount &-= 8
      done &+= 1
    }
    if bitCount == 0 { bits = 0 }
    while done < count {
      let run = min(chunkCount &- position, count &- done)
      guard run > 0 else {
        guard !isLastChunk else {
          throw .truncated(offset: chunkStart &+ UInt64(chunkCount))
        }
        try nextChunk()
        continue
      }
      let from = start &+ done
      output.replaceSubrange(
        from..<(from &+ run), with: chunk[position..<(position &+ run)])
      position &+= run
      done &+= run
    }
    try checkEnd()
  }

  /// Decodes tokens, with their bytes, until a block ends or there is no more room.
  ///
  /// - Returns: Whether the block ended.
  mutating func decode(
    _ literals: HuffmanDecoder?, _ distances: HuffmanDecoder?, _ output: inout [UInt8],
    _ outputEnd: inout Int, until outputLimit: Int, _ tokens: inout [DeflateToken],
    _ tokenLimit: Int, history: UInt64
  ) throws(RecompressError) -> Bool {
    guard let literals, let distances else { throw corrupt }
    let before = outputEnd
    while outputEnd <= outputLimit, tokens.count < tokenLimit {
      if position > chunkCount &- Self.reserve { try nextChunk() }
      var state = DecodeState(
        position: position, bits: bits, bitCount: bitCount, outputEnd: outputEnd,
        reach: Int(clamping: history &+ UInt64(outputEnd &- before)))
      let stop = Self.decode(
        &state, chunk.rawSpan, isLastChunk ? chunkCount &+ 8 : chunkCount &- Self.reserve,
        literals, distances, &output, outputLimit, &tokens, tokenLimit)
      (position, bits, bitCount) = (state.position, state.bits, state.bitCount)
      outputEnd = state.outputEnd
      try checkEnd()
      switch stop {
      case .blockEnd: return true
      case .corrupt: throw corrupt
      case .pause: continue
      }
    }
    return false
  }

  fileprivate struct DecodeState {
    var position: Int
    var bits: UInt64
    var bitCount: UInt64
    var outputEnd: Int
    /// How far back a match may reach.
    var reach: Int
  }

  private enum Stop { case blockEnd, corrupt, pause }

  private static func decode(
    _ state: inout DecodeState, _ chunk: RawSpan, _ inputLimit: Int, _ literals: HuffmanDecoder,
    _ distances: HuffmanDecoder, _ output: inout [UInt8], _ outputLimit: Int,
    _ tokens: inout [DeflateToken], _ tokenLimit: Int
  ) -> Stop {
    let (literalTable, literalCounts) = (literals.table.span, literals.counts.span)
    let (distanceTable, distanceCounts) = (distances.table.span, distances.counts.span)
    let (literalSymbols, distanceSymbols) = (literals.symbols.span, distances.symbols.span)
    let (lengthBaseTable, distanceBaseTable) = (
      DeflateSymbols.lengthBases, DeflateSymbols.distanceBases
    )
    let (lengthBases, distanceBases) = (lengthBaseTable.span, distanceBaseTable.span)
    var output = output.mutableSpan
    var stop = Stop.pause
    let room = max(tokenLimit &- tokens.count, 0)
    var local = state
    tokens.append(addingCapacity: room) { tokens in
      var made = 0
      while made < room, local.outputEnd <= outputLimit, local.position <= inputLimit {
        let more = unsafe chunk.unsafeLoadUnaligned(
          fromByteOffset: local.position, as: UInt64.self)
        local.bits |= more.littleEndian &<< local.bitCount
        local.position &+= Int((63 &- local.bitCount) &>> 3)
        local.bitCount |= 56
        let entry = HuffmanDecoder.entry(local.bits, literalTable, literalCounts, literalSymbols)
        guard entry != 0 else {
          stop = .corrupt
          break
        }
        local.take(UInt64(entry & 15))
        let symbol = Int(entry &>> 4)
        if symbol < 256 {
          output[local.outputEnd] = UInt8(truncatingIfNeeded: symbol)
          local.outputEnd &+= 1
          local.reach &+= 1
          tokens.append(.literal(UInt8(truncatingIfNeeded: symbol)))
          made &+= 1
          continue
        }
        guard symbol != 256 else {
          stop = .blockEnd
          break
        }
        let lengthIndex = symbol &- 257
        guard lengthIndex < 29 else {
          stop = .corrupt
          break
        }
        let length =
          lengthBases[lengthIndex]
          &+ local.takeValue(UInt64(DeflateSymbols.lengthExtraBits(lengthIndex)))
        let distanceEntry = HuffmanDecoder.entry(
          local.bits, distanceTable, distanceCounts, distanceSymbols)
        let distanceSymbol = Int(distanceEntry &>> 4)
        guard distanceEntry != 0, distanceSymbol < 30 else {
          stop = .corrupt
          break
        }
        local.take(UInt64(distanceEntry & 15))
        let distance =
          distanceBases[distanceSymbol]
          &+ local.takeValue(UInt64(DeflateSymbols.distanceExtraBits(distanceSymbol)))
        guard distance <= local.reach else {
          stop = .corrupt
          break
        }
        copy(length, distance, &output, local.outputEnd)
        local.outputEnd &+= length
        local.reach &+= length
        // A length of 258 has a symbol of its own, and a second spelling, which is not kept.
        guard length < 258 || lengthIndex == 28 else {
          stop = .corrupt
          break
        }
        tokens.append(.match(length: length, distance: distance))
        made &+= 1
      }
    }
    state = local
    return stop
  }

  /// Repeats bytes; byte by byte, for they may overlap.
  @inline(__always)
  private static func copy(
    _ length: Int, _ distance: Int, _ output: inout MutableSpan<UInt8>, _ end: Int
  ) {
    var at = end
    let behind = end &+ length
    while at < behind {
      output[at] = output[at &- distance]
      at &+= 1
    }
  }
}

extension BitReader.DecodeState {
  @inline(__always)
  fileprivate mutating func take(_ count: UInt64) {
    bits &>>= count
    bitCount &-= count
  }

  @inline(__always)
  fileprivate mutating func takeValue(_ count: UInt64) -> Int {
    let value = bits & (1 &<< count &- 1)
    take(count)
    return Int(truncatingIfNeeded: value)
  }
}
