public import Bytes

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
  ///
  /// From version 1 to a later one, or back, only DATA changes its form, and its place to the end.
  ///
  /// - Throws: ``StreamError/unknownCommand(_:offset:)`` for a delta stream's own command in a plain
  ///   stream, which stock tools would skip in silence; and when the versions differ, what
  ///   ``AttributeReader/next()`` and ``attribute(_:_:)-(_,RawSpan)`` throw. Nothing of the command
  ///   is written then.
  public mutating func write(_ frame: borrowing Frame) throws(StreamError) {
    guard !frame.kind.isExtension || !version.isPlain else {
      throw .unknownCommand(frame.kind, offset: frame.offset)
    }
    guard frame.version.dataHasLength == version.dataHasLength else {
      return try rewrite(frame)
    }
    Frame(kind: frame.kind, payload: frame.payload, version: version).appendHeader(to: &bytes)
    bytes.append(copying: frame.payload)
  }

  /// Writes a command of another version, attribute by attribute.
  private mutating func rewrite(_ frame: borrowing Frame) throws(StreamError) {
    beginCommand()
    do throws(StreamError) {
      var reader = AttributeReader(frame)
      var data: RawSpan? = nil
      while let next = try reader.next() {
        if next.kind == .data {
          guard data == nil else {
            throw .duplicateAttribute(.data, in: frame.kind, offset: next.offset)
          }
          data = next.value
        } else {
          try attribute(next.kind, next.value)
        }
      }
      if let data { try attribute(.data, data) }
    } catch {
      cancelCommand()
      throw error
    }
    endCommand(frame.kind)
  }

  /// Begins a command; its attributes follow, then ``endCommand(_:)``.
  public mutating func beginCommand() {
    bytes.append(contentsOf: repeatElement(0, count: Frame.headerLength))
    payloadStart = bytes.count
  }

  /// Ends the command that was begun: writes its header.
  public mutating func endCommand(_ kind: CommandKind) {
    let length = UInt32(truncatingIfNeeded: bytes.count - payloadStart)
    let start = payloadStart - Frame.headerLength
    payloadStart = 0
    store(length, at: start)
    store(kind.rawValue, at: start + 4)
    if version.hasChecksums { store(checksum(from: start), at: start + 6) }
  }

  /// The checksum of the command whose header begins at `start`, its own field still zero.
  private func checksum(from start: Int) -> UInt32 {
    var checksum = CRC32C()
    let all = bytes.rawSpan
    checksum.update(all.extracting(start..<all.byteCount))
    return checksum.value
  }

  private mutating func store<T: FixedWidthInteger>(_ value: T, at start: Int) {
    for index in 0..<T.bitWidth / 8 {
      bytes[start + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  /// Takes back the command that was begun.
  mutating func cancelCommand() {
    bytes.removeSubrange((payloadStart - Frame.headerLength)...)
    payloadStart = 0
  }

  /// Writes an attribute of bytes.
  ///
  /// - Throws: ``StreamError/attributeTooLong(_:length:)`` when a length field is needed and 16 bits
  ///   do not hold the length, or when it is so long that the command's own length, of 32 bits,
  ///   might not hold it.
  public mutating func attribute(
    _ kind: AttributeKind, _ value: RawSpan
  ) throws(StreamError) {
    let endsCommand =
      (kind == .data && !version.dataHasLength)
      || kind.rawValue >= AttributeKind.firstWithoutLength
    let longest = endsCommand ? Self.longestData : Int(UInt16.max)
    guard value.byteCount <= longest else {
      throw .attributeTooLong(kind, length: value.byteCount)
    }
    if endsCommand {
      bytes.append(littleEndian: kind.rawValue)
    } else {
      append(kind, length: value.byteCount)
    }
    bytes.append(copying: value)
  }

  /// The longest value without a length field: 2 GiB, which leaves room for what precedes it.
  private static let longestData = 1 << 31

  /// Appends an attribute's number and length; `length` fits 16 bits.
  private mutating func append(_ kind: AttributeKind, length: Int) {
    bytes.append(littleEndian: UInt32(kind.rawValue) | UInt32(truncatingIfNeeded: length) << 16)
  }

  /// Writes an attribute that is a number.
  public mutating func attribute<T: FixedWidthInteger & BitwiseCopyable>(
    _ kind: AttributeKind, _ value: T
  ) {
    append(kind, length: T.bitWidth / 8)
    bytes.append(littleEndian: value)
  }

  /// Writes an attribute that is a UUID.
  public mutating func attribute(_ kind: AttributeKind, _ value: SubvolumeUUID) {
    append(kind, length: SubvolumeUUID.length)
    value.append(to: &bytes)
  }

  /// Writes an attribute that is a point in time.
  public mutating func attribute(_ kind: AttributeKind, _ value: Timespec) {
    append(kind, length: Timespec.length)
    bytes.append(littleEndian: value.seconds)
    bytes.append(littleEndian: value.nanoseconds)
  }
}
