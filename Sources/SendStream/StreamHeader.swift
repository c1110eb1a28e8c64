internal import Bytes

/// What a stream begins with: `struct btrfs_stream_header`, 17 bytes.
///
///     offset  size  field
///          0    13  "btrfs-stream\0"
///         13     4  version, u32
public enum StreamHeader {
  /// `BTRFS_SEND_STREAM_MAGIC`, its NUL included.
  public static let magic: [UInt8] = Array("btrfs-stream\0".utf8)

  /// The length of the header in bytes.
  public static let length = 17

  /// The bytes of the header of a stream.
  public static func bytes(version: StreamVersion) -> [UInt8] {
    var bytes = magic
    bytes.append(littleEndian: version.rawValue)
    return bytes
  }

  /// The version in a header that `cursor` stands at.
  ///
  /// - Throws: ``StreamError/notASendStream(offset:)`` and ``StreamError/truncated(offset:)``.
  @_lifetime(cursor: copy cursor)
  static func parse(
    _ cursor: inout ByteCursor, offset: UInt64
  ) throws(StreamError) -> StreamVersion {
    guard let start = cursor.take(magic.count) else { throw .truncated(offset: offset) }
    guard start.hasSameBytes(as: magic.rawSpan) else { throw .notASendStream(offset: offset) }
    guard let version = cursor.read(UInt32.self) else { throw .truncated(offset: offset) }
    return StreamVersion(rawValue: version)
  }
}
