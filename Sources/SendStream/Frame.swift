internal import Bytes

/// A command as it is framed: its number and its attributes' bytes, not looked into yet.
///
/// It borrows the reader's buffer.
public struct Frame: ~Escapable {
  /// The command's number.
  public let kind: CommandKind
  /// The attributes, one after the other.
  public let payload: RawSpan
  /// The version of the stream that the command is in.
  public let version: StreamVersion
  /// Where the command's header begins, from the start of what the reader was given.
  public let offset: UInt64

  /// The version whose commands and attributes it may have.
  let accepted: StreamVersion

  /// The length of a command's header: `struct btrfs_cmd_header`.
  ///
  ///     offset  size  field
  ///          0     4  length of the attributes, u32
  ///          4     2  command, u16
  ///          6     4  CRC-32C of header and attributes with this field zero, u32
  public static let headerLength = 10

  /// A frame around bytes of one's own, with commands and attributes of any version.
  @_lifetime(copy payload)
  public init(kind: CommandKind, payload: RawSpan, version: StreamVersion, offset: UInt64 = 0) {
    self.init(
      kind: kind, payload: payload, version: version, offset: offset, accepting: .latest)
  }

  @_lifetime(copy payload)
  init(
    kind: CommandKind, payload: RawSpan, version: StreamVersion, offset: UInt64,
    accepting accepted: StreamVersion
  ) {
    self.accepted = accepted
    self.kind = kind
    self.payload = payload
    self.version = version
    self.offset = offset
  }

  /// The CRC-32C that the header has in a plain stream.
  public var checksum: UInt32 {
    // 10 bytes: length, kind, and zero where the checksum goes.
    let low = UInt64(UInt32(truncatingIfNeeded: payload.byteCount)) | UInt64(kind.rawValue) << 32
    var checksum = CRC32C()
    checksum.update(littleEndian: low)
    checksum.update(littleEndian: UInt16(0))
    checksum.update(payload)
    return checksum.value
  }

  /// Appends the bytes of the header, with the checksum that the version asks for.
  public func appendHeader(to bytes: inout [UInt8]) {
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: payload.byteCount))
    bytes.append(littleEndian: kind.rawValue)
    bytes.append(littleEndian: version.hasChecksums ? checksum : 0)
  }
}
