internal import Bytes
public import SendStream

/// PATCH: `length` bytes of a file from `offset` on, as a patch against ranges of old files.
///
/// Attributes, in this order: PATH, FILE_OFFSET, SIZE, one or more PATCH_SOURCE, PATCH_DATA. It
/// stands for the WRITEs of ``NormalForm``.
public struct PatchCommand: ~Escapable {
  /// The file that is written; as in WRITE.
  public let path: RawSpan
  /// Where in the file the written range begins.
  public let offset: UInt64
  /// How many bytes are written.
  public let length: UInt64
  /// The old bytes: the ranges, one after the other, make one address space.
  public let sources: [PatchSource]
  /// The patch.
  public let data: RawSpan

  /// How many sources a patch may have.
  public static let maximumSources = 16

  /// Looks into a framed PATCH.
  ///
  /// - Throws: ``DeltaStreamError`` for attributes out of order, missing or wrong, and for paths
  ///   that lead out of the tree.
  @_lifetime(copy frame)
  public init(parsing frame: borrowing Frame) throws(DeltaStreamError) {
    var reader = PatchAttributes(frame)
    path = try reader.bytes(.path)
    offset = try reader.number(.fileOffset)
    length = try reader.number(.size)
    guard length > 0 else { throw .malformedPatch(.size, offset: frame.offset) }
    guard !offset.addingReportingOverflow(length).overflow else {
      throw .offsetOverflow(offset: frame.offset)
    }
    sources = try reader.sources()
    data = try reader.patch()
    guard StreamPath.isBeneathRoot(path),
      sources.allSatisfy({ StreamPath.isBeneathRoot($0.path.rawSpan) })
    else { throw .badPath(offset: frame.offset) }
  }
}

extension StreamWriter {
  /// Writes a PATCH.
  ///
  /// - Throws: ``StreamError/attributeTooLong(_:length:)`` for a path that no stream can hold;
  ///   the writer is of no use then.
  public mutating func writePatch(
    path: RawSpan, offset: UInt64, length: UInt64, sources: [PatchSource], data: RawSpan
  ) throws(StreamError) {
    beginCommand()
    try attribute(.path, path)
    attribute(.fileOffset, offset)
    attribute(.size, length)
    for source in sources {
      let value = source.encoded
      try attribute(.patchSource, value.rawSpan)
    }
    try attribute(.patchData, data)
    endCommand(.patch)
  }
}

/// Reads PATCH's attributes in their one order.
private struct PatchAttributes: ~Escapable {
  private var reader: AttributeReader
  private let offset: UInt64
  /// The first attribute behind the sources.
  private var last: Attribute?

  @_lifetime(copy frame)
  init(_ frame: borrowing Frame) {
    reader = AttributeReader(frame)
    offset = frame.offset
    last = nil
  }

  @_lifetime(self: copy self)
  @_lifetime(copy self)
  private mutating func next() throws(DeltaStreamError) -> Attribute? {
    do throws(StreamError) { return try reader.next() } catch { throw .stream(error) }
  }

  @_lifetime(self: copy self)
  @_lifetime(copy self)
  mutating func bytes(_ kind: AttributeKind) throws(DeltaStreamError) -> RawSpan {
    guard let attribute = try next(), attribute.kind == kind else {
      throw .malformedPatch(kind, offset: offset)
    }
    return attribute.value
  }

  @_lifetime(self: copy self)
  mutating func number(_ kind: AttributeKind) throws(DeltaStreamError) -> UInt64 {
    var cursor = ByteCursor(try bytes(kind))
    guard let number = cursor.read(UInt64.self), cursor.isAtEnd else {
      throw .malformedPatch(kind, offset: offset)
    }
    return number
  }

  @_lifetime(self: copy self)
  mutating func sources() throws(DeltaStreamError) -> [PatchSource] {
    var sources: [PatchSource] = []
    while let attribute = try next() {
      guard attribute.kind == .patchSource else {
        last = attribute
        break
      }
      guard sources.count < PatchCommand.maximumSources else {
        throw .tooManySources(offset: offset)
      }
      guard let source = PatchSource(parsing: attribute.value) else {
        throw .malformedPatch(.patchSource, offset: offset)
      }
      sources.append(source)
    }
    guard !sources.isEmpty else { throw .malformedPatch(.patchSource, offset: offset) }
    return sources
  }

  @_lifetime(copy self)
  func patch() throws(DeltaStreamError) -> RawSpan {
    guard let last, last.kind == .patchData else {
      throw .malformedPatch(.patchData, offset: offset)
    }
    return last.value
  }
}
