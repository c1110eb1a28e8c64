internal import Bytes
public import Crypto
public import SendStream

/// The length and the SHA-256 of a plain stream, computed from its commands as they come, whole and
/// by sections.
public struct PlainStreamDigest: ~Copyable {
  private var whole = SHA256()
  /// Of the current section, unless that is the first: then it is that of the whole so far, and
  /// most streams have one section only.
  private var section = SHA256()
  private var isInFirstSection = true
  private var header: [UInt8]

  /// How many bytes the stream has had.
  public private(set) var length: UInt64 = 0
  /// How many of them are in the current section.
  public private(set) var sectionLength: UInt64 = 0

  /// Whether the whole stream has gone by.
  public let isOfWholeStream: Bool

  /// The digest of a stream of which there is only the header yet.
  public init(version: StreamVersion) {
    isOfWholeStream = true
    header = StreamHeader.bytes(version: version)
    addHeader()
  }

  /// The digests of the sections that follow a cut; there is none of the whole stream.
  ///
  /// - Parameter length: how many bytes of the stream lie before the cut.
  public init(behindCutAt length: UInt64) {
    isOfWholeStream = false
    isInFirstSection = false
    header = []
    self.length = length
  }

  /// Takes a command in; its version has to be the stream's.
  public mutating func add(_ frame: borrowing Frame) {
    header.removeAll(keepingCapacity: true)
    frame.appendHeader(to: &header)
    addHeader()
    add(frame.payload)
  }

  /// Ends the current section and begins the next.
  public mutating func endSection() -> (length: UInt64, digest: SHA256Digest) {
    let digest = isInFirstSection ? whole.digestSoFar() : section.finalize()
    defer {
      sectionLength = 0
      isInFirstSection = false
    }
    return (sectionLength, digest)
  }

  /// The SHA-256 of the stream so far; means nothing unless it is ``isOfWholeStream``.
  public mutating func wholeDigest() -> SHA256Digest { whole.digestSoFar() }

  private mutating func addHeader() {
    let bytes = header
    add(bytes.rawSpan)
  }

  private mutating func add(_ bytes: RawSpan) {
    if isOfWholeStream { whole.update(bytes) }
    if !isInFirstSection { section.update(bytes) }
    length += UInt64(bytes.byteCount)
    sectionLength += UInt64(bytes.byteCount)
  }
}
