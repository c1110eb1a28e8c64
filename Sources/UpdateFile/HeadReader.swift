internal import Bytes

/// Reads the head of an update file, without any input of its own: it says how many bytes it wants
/// next, and never wants one beyond the head.
///
/// ```swift
/// var reader = HeadReader()
/// while reader.wanted > 0 { try reader.append(/* the next reader.wanted bytes, or fewer */) }
/// let head = try reader.finish()
/// ```
///
/// The only head that it takes is the one that ``UpdateHead/encoded()`` writes, bit for bit. Memory
/// is bounded by ``UpdateHead/maximumLength``.
public struct HeadReader: Sendable {
  private enum Part {
    case header, control, chunkLength, chunk, tail, nothing
  }

  private var part = Part.header
  /// What came of the part.
  private var pending: [UInt8] = []
  /// How long the part is.
  private var partLength = StoredStream.header.count
  /// How many bytes of the file came before the part.
  private var offset = 0
  private var contents: [UInt8] = []
  private var head: UpdateHead?
  private var failure: UpdateFileError?

  /// A reader at the start of a file.
  public init() {}

  /// How many bytes to give next; 0 when the head is complete.
  public var wanted: Int { partLength - pending.count }

  /// How many bytes of the file the head took so far; at the end: where the payload starts.
  public var length: Int { offset + pending.count }

  /// Takes the next bytes of the file: ``wanted`` of them, or fewer.
  ///
  /// - Throws: ``UpdateFileError``, and the same again from then on.
  public mutating func append(_ bytes: RawSpan) throws(UpdateFileError) {
    if let failure { throw failure }
    do throws(UpdateFileError) {
      guard bytes.byteCount <= wanted else {
        throw .excessInput(given: bytes.byteCount, wanted: wanted)
      }
      pending.append(copying: bytes)
      if wanted == 0, part != .nothing { try endPart() }
    } catch {
      failure = error
      throw error
    }
  }

  /// The head, if it is complete.
  ///
  /// - Throws: ``UpdateFileError/headTruncated(length:)``, or what ``append(_:)`` threw.
  public func finish() throws(UpdateFileError) -> UpdateHead {
    if let failure { throw failure }
    guard let head else { throw .headTruncated(length: length) }
    return head
  }

  private mutating func endPart() throws(UpdateFileError) {
    switch part {
    case .header:
      guard pending.starts(with: StoredStream.magic) else { throw .notAnUpdateFile }
      try require(StoredStream.header)
      try begin(.control, length: 1)
    case .control: try endControl()
    case .chunkLength:
      let length = Int(pending[0]) << 8 | Int(pending[1])
      try begin(.chunk, length: length + 1)
    case .chunk:
      contents += pending
      try begin(.control, length: 1)
    case .tail:
      try require(StoredStream.tail(of: contents.rawSpan))
      let head = try UpdateHead(parsing: contents.rawSpan)
      try begin(.nothing, length: 0)
      contents = []
      self.head = head
    case .nothing: break
    }
  }

  private mutating func endControl() throws(UpdateFileError) {
    let isFirst = contents.isEmpty
    if pending == [0x00], !isFirst {
      return try begin(.tail, length: StoredStream.tail(of: contents.rawSpan).count)
    }
    // Only the last chunk is not full.
    guard contents.count % StoredStream.maximumChunkLength == 0 else {
      throw .headForm(offset: offset)
    }
    try require([StoredStream.control(isFirst: isFirst)])
    try begin(.chunkLength, length: 2)
  }

  private mutating func begin(_ part: Part, length: Int) throws(UpdateFileError) {
    offset += pending.count
    guard offset + length <= UpdateHead.maximumLength else { throw .headTooLong }
    self.part = part
    partLength = length
    pending.removeAll(keepingCapacity: true)
  }

  private func require(_ expected: [UInt8]) throws(UpdateFileError) {
    let shared = pending.rawSpan.commonPrefixLength(with: expected.rawSpan)
    guard shared == expected.count else { throw .headForm(offset: offset + shared) }
  }
}
