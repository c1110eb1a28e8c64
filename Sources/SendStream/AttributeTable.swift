internal import Bytes

/// The attributes of one of btrfs's own commands, found by their number.
///
/// Order is free on the wire, so a command is looked over once and its values are then picked. Each
/// is searched from the front: with so few of them that takes half the time of an index.
struct AttributeTable: ~Escapable {
  private let frame: Frame

  /// Looks a command over.
  ///
  /// - Throws: ``StreamError`` for an attribute that is cut, unknown, or there twice.
  @_lifetime(copy frame)
  init(_ frame: borrowing Frame) throws(StreamError) {
    var reader = AttributeReader(frame)
    let last = frame.accepted.lastAttribute
    var seen: UInt64 = 0
    while let attribute = try reader.next() {
      let kind = attribute.kind
      guard kind.rawValue >= 1, kind.rawValue <= last else {
        throw .unknownAttribute(kind, in: frame.kind, offset: attribute.offset)
      }
      let bit: UInt64 = 1 << UInt64(kind.rawValue)
      guard seen & bit == 0 else {
        throw .duplicateAttribute(kind, in: frame.kind, offset: attribute.offset)
      }
      seen |= bit
    }
    self.frame = copy frame
  }

  /// The value of an attribute that may be absent.
  @_lifetime(copy self)
  func optionalBytes(_ kind: AttributeKind) throws(StreamError) -> RawSpan? {
    var reader = AttributeReader(frame)
    while let attribute = try reader.next() {
      if attribute.kind == kind { return attribute.value }
    }
    return nil
  }

  /// The value of an attribute that has to be there.
  @_lifetime(copy self)
  func bytes(_ kind: AttributeKind) throws(StreamError) -> RawSpan {
    guard let value = try optionalBytes(kind) else {
      throw .missingAttribute(kind, in: frame.kind, offset: frame.offset)
    }
    return value
  }

  /// A number that may be absent.
  func optionalInteger<T: FixedWidthInteger & BitwiseCopyable>(
    _ kind: AttributeKind, as _: T.Type = T.self
  ) throws(StreamError) -> T? {
    guard let value = try optionalBytes(kind) else { return nil }
    var cursor = ByteCursor(value)
    guard value.byteCount == MemoryLayout<T>.size, let integer = cursor.read(T.self) else {
      throw wrongLength(kind, value.byteCount)
    }
    return integer
  }

  /// A number that has to be there.
  func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ kind: AttributeKind, as _: T.Type = T.self
  ) throws(StreamError) -> T {
    guard let value = try optionalInteger(kind, as: T.self) else {
      throw .missingAttribute(kind, in: frame.kind, offset: frame.offset)
    }
    return value
  }

  /// A UUID that has to be there.
  func uuid(_ kind: AttributeKind) throws(StreamError) -> SubvolumeUUID {
    let value = try bytes(kind)
    guard let uuid = SubvolumeUUID(value) else { throw wrongLength(kind, value.byteCount) }
    return uuid
  }

  /// A point in time that may be absent.
  func optionalTime(_ kind: AttributeKind) throws(StreamError) -> Timespec? {
    guard let value = try optionalBytes(kind) else { return nil }
    var cursor = ByteCursor(value)
    guard value.byteCount == Timespec.length, let seconds = cursor.read(Int64.self),
      let nanoseconds = cursor.read(UInt32.self)
    else { throw wrongLength(kind, value.byteCount) }
    return Timespec(seconds: seconds, nanoseconds: nanoseconds)
  }

  /// A point in time that has to be there.
  func time(_ kind: AttributeKind) throws(StreamError) -> Timespec {
    guard let time = try optionalTime(kind) else {
      throw .missingAttribute(kind, in: frame.kind, offset: frame.offset)
    }
    return time
  }

  private func wrongLength(_ kind: AttributeKind, _ length: Int) -> StreamError {
    .wrongAttributeLength(kind, length: length, in: frame.kind, offset: frame.offset)
  }
}
