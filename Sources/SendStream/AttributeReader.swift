internal import Bytes

/// One attribute of a command, borrowed.
public struct Attribute: ~Escapable {
  /// The attribute's number.
  public let kind: AttributeKind
  /// Its bytes.
  public let value: RawSpan
  /// Where it begins, from the start of what the stream's reader was given.
  public let offset: UInt64

  @_lifetime(copy value)
  init(kind: AttributeKind, value: RawSpan, offset: UInt64) {
    self.kind = kind
    self.value = value
    self.offset = offset
  }
}

/// Reads the attributes of a command one after the other.
///
///     offset  size  field
///          0     2  attribute, u16
///          2     2  length of the value, u16; absent for DATA from version 2 on, and for
///                   attributes from 0xC000 on, which reach to the command's end
///          4     …  value
public struct AttributeReader: ~Escapable {
  private var cursor: ByteCursor
  private let command: CommandKind
  private let start: UInt64
  private let dataHasLength: Bool

  /// A reader that stands at the first attribute of a command.
  @_lifetime(copy frame)
  public init(_ frame: borrowing Frame) {
    cursor = ByteCursor(frame.payload)
    command = frame.kind
    start = frame.offset &+ UInt64(Frame.headerLength)
    dataHasLength = frame.version.dataHasLength
  }

  /// The next attribute; `nil` at the end of the command.
  ///
  /// - Throws: ``StreamError/truncatedAttribute(_:offset:)``.
  @_lifetime(self: copy self)
  @_lifetime(copy self)
  public mutating func next() throws(StreamError) -> Attribute? {
    if cursor.isAtEnd { return nil }
    let offset = start &+ UInt64(cursor.offset)
    guard let number = cursor.read(UInt16.self) else {
      throw .truncatedAttribute(command, offset: offset)
    }
    let kind = AttributeKind(rawValue: number)
    if (kind == .data && !dataHasLength) || number >= AttributeKind.firstWithoutLength {
      return Attribute(kind: kind, value: cursor.takeRest(), offset: offset)
    }
    guard let length = cursor.read(UInt16.self), let value = cursor.take(Int(length)) else {
      throw .truncatedAttribute(command, offset: offset)
    }
    return Attribute(kind: kind, value: value, offset: offset)
  }
}
