internal import Bytes

/// Writes headers and commands of a stream into memory, which the caller empties.
///
/// What ``StreamReader`` read and this writes again is the same to the byte for every stream that
/// the kernel sends, since attributes are written in the kernel's order.
public struct StreamWriter: Sendable {
  /// The version of the stream.
  public let version: StreamVersion

  /// What has been written since ``removeAll()``.
  public private(set) var bytes: [UInt8] = []

  /// Where the command being written has its attributes; 0 when none is.
  private var payloadStart = 0

  /// A writer of a stream of a version; nothing is written yet.
  public init(version: StreamVersion) { self.version = version }

  /// Forgets what was written, and keeps the memory for what comes.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Writes the stream's header.
  public mutating func writeHeader() {
    bytes.append(contentsOf: StreamHeader.bytes(version: version))
  }

  /// Writes a command as it is framed, with the checksum that this stream's version asks for.
  public mutating func write(_ frame: borrowing Frame) {
    Frame(kind: frame.kind, payload: frame.payload, version: version).appendHeader(to: &bytes)
    bytes.append(copying: frame.payload)
  }

  /// Begins a command; its attributes follow, then ``endCommand(_:)``.
  public mutating func beginCommand() {
    bytes.append(contentsOf: repeatElement(0, count: Frame.headerLength))
    payloadStart = bytes.count
  }

  /// Ends the command that was begun: writes its header.
  public mutating func endCommand(_ kind: CommandKind) {
    let header = headerOfCommand(kind)
    bytes.replaceSubrange(payloadStart - Frame.headerLength..<payloadStart, with: header)
    payloadStart = 0
  }

  private func headerOfCommand(_ kind: CommandKind) -> [UInt8] {
    let all = bytes.rawSpan
    let payload = all.extracting(payloadStart..<all.byteCount)
    var header: [UInt8] = []
    header.reserveCapacity(Frame.headerLength)
    Frame(kind: kind, payload: payload, version: version).appendHeader(to: &header)
    return header
  }

  /// Takes back the command that was begun.
  mutating func cancelCommand() {
    bytes.removeSubrange((payloadStart - Frame.headerLength)...)
    payloadStart = 0
  }

  /// Writes an attribute of bytes.
  ///
  /// - Throws: ``StreamError/attributeTooLong(_:length:)`` when a length field is needed and 16 bits
  ///   do not hold the length.
  public mutating func attribute(
    _ kind: AttributeKind, _ value: RawSpan
  ) throws(StreamError) {
    bytes.append(littleEndian: kind.rawValue)
    let endsCommand =
      (kind == .data && !version.dataHasLength)
      || kind.rawValue >= AttributeKind.firstWithoutLength
    if !endsCommand {
      guard let length = UInt16(exactly: value.byteCount) else {
        throw .attributeTooLong(kind, length: value.byteCount)
      }
      bytes.append(littleEndian: length)
    }
    bytes.append(copying: value)
  }

  /// Writes an attribute that is a number.
  public mutating func attribute<T: FixedWidthInteger>(_ kind: AttributeKind, _ value: T) {
    bytes.append(littleEndian: kind.rawValue)
    bytes.append(littleEndian: UInt16(T.bitWidth / 8))
    bytes.append(littleEndian: value)
  }

  /// Writes an attribute that is a UUID.
  public mutating func attribute(_ kind: AttributeKind, _ value: SubvolumeUUID) {
    bytes.append(littleEndian: kind.rawValue)
    bytes.append(littleEndian: UInt16(SubvolumeUUID.length))
    bytes.append(contentsOf: value.bytes)
  }

  /// Writes an attribute that is a point in time.
  public mutating func attribute(_ kind: AttributeKind, _ value: Timespec) {
    bytes.append(littleEndian: kind.rawValue)
    bytes.append(littleEndian: UInt16(Timespec.length))
    bytes.append(littleEndian: value.seconds)
    bytes.append(littleEndian: value.nanoseconds)
  }
}
