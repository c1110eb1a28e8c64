internal import Bytes
internal import Crypto
internal import XZ

/// Reads the payload of an update file, piece by piece, without any input of its own.
///
/// No byte reaches liblzma before the piece that it is in is found to be what was signed. One xz
/// Stream ends, and the next starts, exactly where the manifest says. A reader that begins at a section
/// inside a Stream decodes that Stream from its start, and drops what is before the section.
///
/// ```swift
/// while true {
///   switch try reader.decode(into: &output) {
///   case .needsPiece: try reader.append(piece: /* the next reader.wanted bytes */)
///   case .outputFull: /* use the output */
///   case .sectionEnd(let index): /* section `index` of the delta stream is whole */
///   case .end: try reader.finish()
///   }
/// }
/// ```
///
/// That nothing follows the payload in the file is for the caller to check: the reader wants no
/// byte beyond.
public struct PayloadReader: ~Copyable {
  /// What a reader waits for.
  public enum Status: Hashable, Sendable {
    /// The next piece.
    case needsPiece
    /// Room for more output.
    case outputFull
    /// Nothing: the output up to here is a whole section.
    case sectionEnd(index: Int)
    /// Nothing: the last section has ended.
    case end
  }

  private let payload: Manifest.Payload
  private var decoder: XZDecoder
  private var piece: [UInt8] = []
  private var position = 0
  private var pieceCount: Int
  /// Where the first section begins in the first piece that is wanted; 0 from the second piece on.
  private var firstPosition: Int
  private var failure: UpdateFileError?

  /// The section that is being read; the number of sections, at the end.
  public private(set) var section: Int
  /// How many bytes of the payload are decoded, as far as the decoder tells, or passed over.
  public private(set) var compressedPosition: UInt64
  /// How many bytes at the payload's start the reader never wants: whole pieces before the xz Stream
  /// that it began at.
  public let skippedLength: UInt64
  /// The first section that is wanted; those before are dropped.
  private let firstSection: Int
  /// How many bytes of the Stream were taken.
  private var consumed: UInt64 = 0
  /// How many bytes of the section came out.
  private var produced: UInt64 = 0

  /// How many bytes are dropped at a time.
  private static var dropLength: Int { 64 << 10 }

  /// A reader at the start of a payload, or of one of its sections.
  ///
  /// - Parameters:
  ///   - payload: What the manifest says about it.
  ///   - memoryLimit: The most memory that reading may take, in bytes.
  ///   - section: The first section to read.
  /// - Throws: ``UpdateFileError/memoryLimit(needed:limit:)`` before anything is allocated;
  ///   ``UpdateFileError/sectionMismatch(index:)`` if there is no such section;
  ///   ``UpdateFileError`` if `payload` is not consistent.
  public init(
    _ payload: Manifest.Payload, memoryLimit: UInt64, startingAt section: Int = 0
  ) throws(UpdateFileError) {
    try payload.checkConsistency()
    guard payload.cuts.indices.contains(section) else {
      throw .sectionMismatch(index: section)
    }
    let needed = try Self.memoryUsage(payload)
    guard needed <= memoryLimit else { throw .memoryLimit(needed: needed, limit: memoryLimit) }
    // The streams may use the dictionary that the manifest speaks of, and no more.
    let decoder = try UpdateFileError.wrapping { () throws(XZError) in
      try XZDecoder(
        memoryLimit: XZDecoder.memoryUsage(dictionarySize: payload.dictionarySize))
    }
    self.payload = payload
    self.decoder = decoder
    firstSection = section
    // Where its Stream begins.
    let start = payload.cuts[..<section].lastIndex { $0.endsStream }.map { $0 + 1 } ?? 0
    self.section = start
    // Consistency was checked: the lengths add up, and a Stream begins inside a piece.
    compressedPosition = payload.cuts[..<start].reduce(0) { $0 + $1.compressedLength }
    let (piece, offset) = compressedPosition.quotientAndRemainder(
      dividingBy: UInt64(payload.pieceSize))
    pieceCount = Int(piece)
    firstPosition = Int(offset)
    skippedLength = compressedPosition - offset
  }

  /// How many bytes of memory reading a payload takes: for liblzma, and for one piece.
  ///
  /// - Throws: ``UpdateFileError/xz(_:)`` if there can be no such dictionary.
  public static func memoryUsage(_ payload: Manifest.Payload) throws(UpdateFileError) -> UInt64 {
    let usage = try UpdateFileError.wrapping { () throws(XZError) in
      try XZDecoder.memoryUsage(dictionarySize: payload.dictionarySize)
    }
    return usage + UInt64(payload.pieceSize)
  }

  /// How long the next piece is; 0 when there is none, or the last one is not used up.
  public var wanted: Int {
    guard position == piece.count, pieceCount < payload.pieces.count else { return 0 }
    let size = UInt64(payload.pieceSize)
    // Consistency was checked: neither overflows, and a piece fits an Int.
    return Int(min(size, payload.length - UInt64(pieceCount) * size))
  }

  /// Takes the next piece, if it is the one that was signed.
  ///
  /// - Parameter bytes: All ``wanted`` bytes of it; they are copied.
  /// - Throws: ``UpdateFileError/pieceLength(index:length:wanted:)``,
  ///   ``UpdateFileError/pieceDigest(index:)``, and the same again from then on.
  public mutating func append(piece bytes: RawSpan) throws(UpdateFileError) {
    if let failure { throw failure }
    guard wanted > 0, bytes.byteCount == wanted else {
      throw fail(.pieceLength(index: pieceCount, length: bytes.byteCount, wanted: wanted))
    }
    piece.removeAll(keepingCapacity: true)
    piece.append(copying: bytes)
    position = firstPosition
    firstPosition = 0
    // The copy is what is checked: nobody else can change it.
    guard SHA256.hash(piece.rawSpan) == payload.pieces[pieceCount] else {
      piece = []
      throw fail(.pieceDigest(index: pieceCount))
    }
    pieceCount += 1
  }

  /// Decompresses into `output` until it is full, the piece is used up, or a section ends.
  ///
  /// - Throws: ``UpdateFileError/xz(_:)``, ``UpdateFileError/sectionMismatch(index:)``, and the same
  ///   again from then on.
  public mutating func decode(
    into output: inout OutputRawSpan
  ) throws(UpdateFileError) -> Status {
    while true {
      if let failure { throw failure }
      guard section < payload.cuts.count else { return .end }
      guard section < firstSection else { return try decodeSection(into: &output) }
      if case .needsPiece = try dropSection() { return .needsPiece }
    }
  }

  /// Decompresses what nobody wants, but the decoder needs to have seen.
  private mutating func dropSection() throws(UpdateFileError) -> Status {
    var dropped: [UInt8] = []
    var status = Status.end
    try dropped.append(upTo: Self.dropLength) { (output) throws(UpdateFileError) in
      status = try decodeSection(into: &output)
    }
    return status
  }

  private mutating func decodeSection(
    into output: inout OutputRawSpan
  ) throws(UpdateFileError) -> Status {
    let cut = payload.cuts[section]
    let status = try step(cut, into: &output)
    switch status {
    case .streamEnd:
      guard cut.endsStream, consumed == cut.compressedLength, produced == cut.deltaLength else {
        break
      }
      return try endSection()
    case .outputFull where produced < cut.deltaLength: return .outputFull
    case .outputFull where !cut.endsStream: return try endSection()
    case .outputFull, .needsInput:
      // Input that is left here, where no output is, would be more than the section's.
      guard position == piece.count, consumed < streamLength else { break }
      if !cut.endsStream, produced == cut.deltaLength { return try endSection() }
      return .needsPiece
    }
    throw fail(.sectionMismatch(index: section))
  }

  /// The length of the xz Stream that the section is in.
  private var streamLength: UInt64 {
    // Consistency was checked: the last section ends a Stream.
    payload.cuts[section...].first { $0.endsStream }?.compressedLength ?? 0
  }

  /// Says that the file has no more, which is good only if the payload is whole.
  ///
  /// - Throws: ``UpdateFileError/payloadTruncated(sections:)``, or what was thrown before.
  public func finish() throws(UpdateFileError) {
    if let failure { throw failure }
    guard section == payload.cuts.count else { throw .payloadTruncated(sections: section) }
  }

  /// Gives liblzma what the piece has of the section, and room for no more than the section has.
  private mutating func step(
    _ cut: Manifest.Cut, into output: inout OutputRawSpan
  ) throws(UpdateFileError) -> XZDecoder.Status {
    let count = Int(min(UInt64(piece.count - position), streamLength - consumed))
    let limit = Int(cut.deltaLength - produced)
    let before = output.byteCount
    let piece = piece
    do throws(XZError) {
      let input = piece.rawSpan.extracting(position..<(position + count))
      let step = try decoder.decode(input, into: &output, limit: limit)
      position += step.consumed
      consumed += UInt64(step.consumed)
      compressedPosition += UInt64(step.consumed)
      produced += UInt64(output.byteCount - before)
      return step.status
    } catch { throw fail(.xz(error)) }
  }

  private mutating func endSection() throws(UpdateFileError) -> Status {
    let isStreamEnd = payload.cuts[section].endsStream
    section += 1
    produced = 0
    if isStreamEnd {
      consumed = 0
      do throws(XZError) { try decoder.restart() } catch { throw fail(.xz(error)) }
    }
    return .sectionEnd(index: section - 1)
  }

  private mutating func fail(_ error: UpdateFileError) -> UpdateFileError {
    failure = error
    return error
  }
}
