internal import Bytes
public import SendStream

/// PATCH: `length` bytes of a file from `offset` on, as a patch against ranges of other files.
///
/// Attributes, in this order: PATH, FILE_OFFSET, SIZE, one or more PATCH_SOURCE (with
/// PATCH_OPENED_DATA maybe none), PATCH_CLONES unless
/// there are none, PATCH_DATA or PATCH_OPENED_DATA. It stands for the WRITEs of ``NormalForm``, and for the CLONEs of
/// the parts that are shared.
public struct PatchCommand: ~Escapable {
  /// The file that is written; as in WRITE.
  public let path: RawSpan
  /// Where in the file the written range begins.
  public let offset: UInt64
  /// How many bytes are written.
  public let length: UInt64
  /// The old bytes: the ranges, one after the other, make one address space.
  public let sources: [PatchSource]
  /// The parts that are shared with the first source's file instead of being written. Whether they
  /// are well-formed is found out by reading them.
  public let clones: PatchCloneReader
  /// The patch, or an ``OpenedPatch``.
  public let data: RawSpan
  /// Whether the patch is one of opened files.
  public let isOpened: Bool

  /// How many sources a patch may have.
  public static let maximumSources = 16
  /// How many one of opened files may have, as an archive of files that are there: all are open at a
  /// time.
  public static let maximumOpenedSources = 512

  /// Looks into a framed PATCH.
  ///
  /// - Throws: ``DeltaStreamError`` for attributes out of order, missing or wrong, and for paths
  ///   that lead out of the tree.
  @_lifetime(copy frame)
  public init(parsing frame: borrowing Frame) throws(DeltaStreamError) {
    let start = frame.offset
    var reader = AttributeReader(frame)
    path = try Self.value(&reader, .path, start)
    offset = try Self.number(&reader, .fileOffset, start)
    length = try Self.number(&reader, .size, start)
    guard length > 0 else { throw .malformedPatch(.size, offset: start) }
    guard NormalForm.isInFile(offset: offset, length: length) else {
      throw .offsetOverflow(offset: start)
    }
    var sources: [PatchSource] = []
    var attribute = try Self.next(&reader, .patchSource, start)
    while attribute.kind == .patchSource {
      guard sources.count < Self.maximumOpenedSources else {
        throw .tooManySources(offset: start)
      }
      guard let source = PatchSource(parsing: attribute.value) else {
        throw .malformedPatch(.patchSource, offset: start)
      }
      sources.append(source)
      attribute = try Self.next(&reader, .patchData, start)
    }
    var cloneBytes = attribute.value.extracting(first: 0)
    if attribute.kind == .patchClones {
      guard attribute.value.byteCount > 0 else {
        throw .malformedPatch(.patchClones, offset: start)
      }
      cloneBytes = attribute.value
      attribute = try Self.next(&reader, .patchData, start)
    }
    clones = PatchCloneReader(cloneBytes, offset: offset, length: length)
    // The attribute has no length, so that it is the last.
    isOpened = attribute.kind == .patchOpenedData
    guard attribute.kind == .patchData || isOpened else {
      throw .malformedPatch(.patchData, offset: start)
    }
    guard sources.count <= Self.maximumSources || isOpened else {
      throw .tooManySources(offset: start)
    }
    // What is opened may be made of nothing: it packs better.
    guard !sources.isEmpty || isOpened else {
      throw .malformedPatch(.patchSource, offset: start)
    }
    data = attribute.value
    self.sources = sources
    guard StreamPath.isBeneathRoot(path),
      sources.allSatisfy({ StreamPath.isBeneathRoot($0.path.rawSpan) })
    else { throw .badPath(offset: start) }
    for source in sources where source.tree != .parent && path.hasSameBytes(as: source.path.rawSpan)
    { throw .sourceIsTarget(offset: start) }
  }

  @_lifetime(reader: copy reader)
  @_lifetime(copy reader)
  private static func next(
    _ reader: inout AttributeReader, _ expected: AttributeKind, _ offset: UInt64
  ) throws(DeltaStreamError) -> Attribute {
    do throws(StreamError) {
      if let attribute = try reader.next() { return attribute }
    } catch { throw .stream(error) }
    throw .malformedPatch(expected, offset: offset)
  }

  @_lifetime(reader: copy reader)
  @_lifetime(copy reader)
  private static func value(
    _ reader: inout AttributeReader, _ kind: AttributeKind, _ offset: UInt64
  ) throws(DeltaStreamError) -> RawSpan {
    let attribute = try next(&reader, kind, offset)
    guard attribute.kind == kind else { throw .malformedPatch(kind, offset: offset) }
    return attribute.value
  }

  @_lifetime(reader: copy reader)
  private static func number(
    _ reader: inout AttributeReader, _ kind: AttributeKind, _ offset: UInt64
  ) throws(DeltaStreamError) -> UInt64 {
    var cursor = ByteCursor(try value(&reader, kind, offset))
    guard let number = cursor.read(UInt64.self), cursor.isAtEnd else {
      throw .malformedPatch(kind, offset: offset)
    }
    return number
  }
}

extension StreamWriter {
  /// Writes a PATCH.
  ///
  /// - Parameters:
  ///   - clones: the shared parts, which ascend and keep what ``PatchClone`` says of them.
  ///   - data: the patch.
  ///   - isOpened: whether that is an ``OpenedPatch``.
  /// - Throws: ``StreamError/unknownCommand(_:offset:)`` in a plain stream, where stock tools would
  ///   skip it in silence; ``StreamError/attributeTooLong(_:length:)`` for a path that no stream can
  ///   hold: the writer is of no use then.
  public mutating func writePatch(
    path: RawSpan, offset: UInt64, length: UInt64, sources: [PatchSource],
    clones: [PatchClone] = [], data: RawSpan, isOpened: Bool = false
  ) throws(StreamError) {
    guard !version.isPlain else { throw .unknownCommand(.patch, offset: 0) }
    beginCommand()
    try attribute(.path, path)
    attribute(.fileOffset, offset)
    attribute(.size, length)
    for source in sources {
      let value = source.encoded
      try attribute(.patchSource, value.rawSpan)
    }
    if !clones.isEmpty {
      let value = PatchClone.encoded(clones, from: offset)
      try attribute(.patchClones, value.rawSpan)
    }
    try attribute(isOpened ? .patchOpenedData : .patchData, data)
    endCommand(.patch)
  }
}
