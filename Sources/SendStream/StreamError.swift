/// Why bytes are not a stream that can be read.
///
/// Every offset counts bytes from the start of what the reader was given.
public enum StreamError: Error, Equatable, Sendable {
  /// There is no stream header where one has to be.
  case notASendStream(offset: UInt64)
  /// The header names a version that the reader was not told to accept.
  case unsupportedVersion(StreamVersion, offset: UInt64)
  /// The bytes end inside a header or a command, or before END.
  case truncated(offset: UInt64)
  /// A command is longer than ``StreamLimits/commandLength``.
  case commandTooLong(CommandKind, length: UInt32, limit: Int, offset: UInt64)
  /// A command's CRC-32C is not that of its bytes.
  case checksumMismatch(CommandKind, stored: UInt32, computed: UInt32, offset: UInt64)
  /// A delta stream's command has a checksum: its field has to be zero.
  case unexpectedChecksum(CommandKind, stored: UInt32, offset: UInt64)
  /// A command whose number no version of btrfs's format has, and no delta stream may have.
  case unknownCommand(CommandKind, offset: UInt64)
  /// A command before the first SUBVOL or SNAPSHOT, which has to be the first of a stream.
  case commandOutsideSubvolume(CommandKind, offset: UInt64)
  /// An attribute reaches past the end of its command.
  case truncatedAttribute(CommandKind, offset: UInt64)
  /// An attribute that is not one of the command's format.
  case unknownAttribute(AttributeKind, in: CommandKind, offset: UInt64)
  /// An attribute that the command has twice.
  case duplicateAttribute(AttributeKind, in: CommandKind, offset: UInt64)
  /// An attribute whose length its type does not allow.
  case wrongAttributeLength(AttributeKind, length: Int, in: CommandKind, offset: UInt64)
  /// An attribute that the command needs and does not have.
  case missingAttribute(AttributeKind, in: CommandKind, offset: UInt64)
  /// An attribute that is too long to be written in this version.
  case attributeTooLong(AttributeKind, length: Int)
}

extension StreamError: CustomStringConvertible {
  /// What is wrong and where, on one line.
  public var description: String {
    switch self {
    case .notASendStream(let offset): "not a btrfs send stream (at byte \(offset))"
    case .unsupportedVersion(let version, let offset):
      "stream version \(version) is not supported (at byte \(offset))"
    case .truncated(let offset): "the stream ends too early, inside what begins at byte \(offset)"
    case .commandTooLong(let kind, let length, let limit, let offset):
      "\(kind) at byte \(offset) has \(length) bytes, more than the limit of \(limit)"
    case .checksumMismatch(let kind, let stored, let computed, let offset):
      "\(kind) at byte \(offset) is damaged: checksum \(hex(stored)), computed \(hex(computed))"
    case .unexpectedChecksum(let kind, let stored, let offset):
      "\(kind) at byte \(offset) has checksum \(hex(stored)), which has to be zero here"
    case .unknownCommand(let kind, let offset): "unknown \(kind) at byte \(offset)"
    case .commandOutsideSubvolume(let kind, let offset):
      "\(kind) at byte \(offset) comes before any subvolume"
    case .truncatedAttribute(let kind, let offset):
      "an attribute of \(kind) reaches past its end (at byte \(offset))"
    case .unknownAttribute(let attribute, let kind, let offset):
      "\(kind) has unknown \(attribute) (at byte \(offset))"
    case .duplicateAttribute(let attribute, let kind, let offset):
      "\(kind) has \(attribute) twice (at byte \(offset))"
    case .wrongAttributeLength(let attribute, let length, let kind, let offset):
      "\(attribute) of \(kind) has a wrong length of \(length) bytes (at byte \(offset))"
    case .missingAttribute(let attribute, let kind, let offset):
      "\(kind) at byte \(offset) has no \(attribute)"
    case .attributeTooLong(let attribute, let length):
      "\(attribute) of \(length) bytes does not fit this stream version"
    }
  }

  private func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
