internal import Bytes
internal import Crypto

/// Reads the attributes of a command of the head, in the one order in which they come.
struct AttributeReader: ~Escapable {
  private var cursor: ByteCursor
  private var seen: [UpdateAttribute] = []

  @_lifetime(copy payload)
  init(_ payload: RawSpan) {
    cursor = ByteCursor(payload)
  }

  /// Whether the next attribute is this one.
  func isNext(_ attribute: UpdateAttribute) -> Bool {
    var ahead = cursor
    return ahead.read(UInt16.self) == attribute.rawValue
  }

  /// Reads the bytes of an attribute.
  @_lifetime(self: copy self)
  @_lifetime(copy self)
  mutating func bytes(_ attribute: UpdateAttribute) throws(UpdateFileError) -> RawSpan {
    let offset = cursor.offset
    guard !cursor.isAtEnd else { throw .missingAttribute(attribute) }
    guard let number = cursor.read(UInt16.self) else { throw .attributeTruncated(offset: offset) }
    guard number == attribute.rawValue else {
      throw misplaced(number, expected: attribute, offset: offset)
    }
    seen.append(attribute)
    if UpdateAttribute.isUnbounded(number) { return cursor.takeRest() }
    guard let length = cursor.read(UInt16.self), let value = cursor.take(Int(length)) else {
      throw .attributeTruncated(offset: offset)
    }
    return value
  }

  /// Reads an attribute that is a number.
  @_lifetime(self: copy self)
  mutating func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ attribute: UpdateAttribute, _: T.Type = T.self
  ) throws(UpdateFileError) -> T {
    let bytes = try bytes(attribute)
    var value = ByteCursor(bytes)
    guard let number = value.read(T.self), value.isAtEnd else {
      throw .attributeLength(attribute, length: bytes.byteCount)
    }
    return number
  }

  /// Reads an attribute that is a digest.
  @_lifetime(self: copy self)
  mutating func digest(_ attribute: UpdateAttribute) throws(UpdateFileError) -> SHA256Digest {
    let bytes = try bytes(attribute)
    guard let digest = SHA256Digest(copying: bytes) else {
      throw .attributeLength(attribute, length: bytes.byteCount)
    }
    return digest
  }

  /// Reads an attribute that is a UUID.
  @_lifetime(self: copy self)
  mutating func uuid(_ attribute: UpdateAttribute) throws(UpdateFileError) -> SubvolumeUUID {
    let bytes = try bytes(attribute)
    guard let uuid = SubvolumeUUID(bytes) else {
      throw .attributeLength(attribute, length: bytes.byteCount)
    }
    return uuid
  }

  /// Reads an attribute that is a text.
  @_lifetime(self: copy self)
  mutating func text(_ attribute: UpdateAttribute) throws(UpdateFileError) -> String {
    let bytes = [UInt8](copying: try bytes(attribute))
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .invalidText(attribute)
    }
    return text
  }

  /// Reads an attribute that is a list of values of `size` bytes each.
  @_lifetime(self: copy self)
  mutating func list<T>(
    _ attribute: UpdateAttribute, of size: Int,
    _ element: (inout ByteCursor) -> T?
  ) throws(UpdateFileError) -> [T] {
    let bytes = try bytes(attribute)
    guard bytes.byteCount % size == 0 else {
      throw .attributeLength(attribute, length: bytes.byteCount)
    }
    var cursor = ByteCursor(bytes)
    var values: [T] = []
    values.reserveCapacity(bytes.byteCount / size)
    while !cursor.isAtEnd {
      guard let value = element(&cursor) else {
        throw .attributeLength(attribute, length: bytes.byteCount)
      }
      values.append(value)
    }
    return values
  }

  private func misplaced(
    _ number: UInt16, expected: UpdateAttribute, offset: Int
  ) -> UpdateFileError {
    guard let found = UpdateAttribute(rawValue: number) else {
      return .unknownAttribute(number: number, offset: offset)
    }
    if seen.contains(found) { return .duplicateAttribute(found, offset: offset) }
    if found.rawValue > expected.rawValue { return .missingAttribute(expected) }
    return .misplacedAttribute(found, offset: offset)
  }
}
