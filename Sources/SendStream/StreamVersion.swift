/// The version field of a stream header.
///
/// The low half is the version of btrfs's own format (1 to 3). The high half is zero in a plain
/// stream; a delta stream keeps its revision there, so that stock tools refuse the stream before
/// they touch anything.
public struct StreamVersion: RawRepresentable, Hashable, Sendable {
  /// The field as it is on the wire.
  public var rawValue: UInt32

  /// A version from the field as it is on the wire.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A version from its two halves.
  public init(base: UInt16, revision: UInt16 = 0) {
    rawValue = UInt32(revision) << 16 | UInt32(base)
  }

  /// The version of btrfs's own format: `BTRFS_SEND_STREAM_VERSION`.
  public var base: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

  /// The revision of the delta stream; zero in a plain stream.
  public var revision: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }

  /// Whether this is a stream that stock tools read.
  public var isPlain: Bool { revision == 0 }

  /// Whether the DATA attribute has a length field: only in version 1.
  @usableFromInline var dataHasLength: Bool { base < 2 }

  /// The latest version of btrfs's own format: `BTRFS_SEND_STREAM_VERSION`.
  static let latest = StreamVersion(base: 3)

  /// The last command of btrfs's own that such a stream has: `BTRFS_SEND_C_MAX_V1` to `…_V3`.
  var lastCommand: UInt16 {
    switch base {
    case ...1: CommandKind.updateExtent.rawValue
    case 2: CommandKind.encodedWrite.rawValue
    default: CommandKind.enableVerity.rawValue
    }
  }

  /// The last attribute of btrfs's own that such a stream has: `BTRFS_SEND_A_MAX_V1` to `…_V3`.
  var lastAttribute: UInt16 {
    switch base {
    case ...1: AttributeKind.cloneLength.rawValue
    case 2: AttributeKind.encryption.rawValue
    default: AttributeKind.veritySignature.rawValue
    }
  }

  /// Whether commands carry a checksum. In a delta stream the signed pieces cover them instead.
  var hasChecksums: Bool { isPlain }
}

extension StreamVersion: CustomStringConvertible {
  /// The version as people write it, such as `2` or `2, delta revision 1`.
  public var description: String {
    isPlain ? "\(base)" : "\(base), delta revision \(revision)"
  }
}
