internal import Bytes
internal import CommandSupport
internal import SendStream

/// An element of a stream as an object: its kind, and its attributes by the names that
/// `enum btrfs_send_attr` has for them.
enum CommandJSON {
  /// The object; data is only named by its length.
  static func value(of element: borrowing StreamElement) throws(StreamError) -> JSONValue {
    switch copy element {
    case .header(let version):
      return .object([
        ("stream", .unsigned(UInt64(version.base))),
        ("revision", .unsigned(UInt64(version.revision))),
      ])
    case .command(let frame):
      var members: [(String, JSONValue)] = [
        ("command", .string("\(frame.kind)")), ("offset", .unsigned(frame.offset)),
      ]
      var reader = AttributeReader(frame)
      while let attribute = try reader.next() {
        members.append(("\(attribute.kind)", value(of: attribute)))
      }
      return .object(members)
    }
  }

  private static func value(of attribute: borrowing Attribute) -> JSONValue {
    let bytes = attribute.value
    switch attribute.kind {
    case .uuid, .cloneUUID:
      return SubvolumeUUID(bytes).map { .string("\($0)") } ?? .null
    case .changeTime, .modificationTime, .accessTime, .creationTime: return time(bytes)
    case .path, .pathTo, .pathLink, .clonePath, .xattrName, .xattrData:
      return .name([UInt8](copying: bytes))
    case .data, .veritySalt, .veritySignature: return length(bytes)
    case _ where attribute.kind.rawValue > AttributeKind.veritySignature.rawValue:
      return length(bytes)
    default: return number(bytes)
    }
  }

  private static func length(_ bytes: RawSpan) -> JSONValue {
    .object([("length", .number(Int64(bytes.byteCount)))])
  }

  private static func time(_ bytes: RawSpan) -> JSONValue {
    var cursor = ByteCursor(bytes)
    guard let seconds = cursor.read(Int64.self), let nanoseconds = cursor.read(UInt32.self)
    else { return .null }
    return .object([
      ("seconds", .number(seconds)), ("nanoseconds", .unsigned(UInt64(nanoseconds))),
    ])
  }

  private static func number(_ bytes: RawSpan) -> JSONValue {
    var cursor = ByteCursor(bytes)
    switch bytes.byteCount {
    case 1: return cursor.read(UInt8.self).map { .unsigned(UInt64($0)) } ?? .null
    case 4: return cursor.read(UInt32.self).map { .unsigned(UInt64($0)) } ?? .null
    default: return cursor.read(UInt64.self).map { .unsigned($0) } ?? .null
    }
  }
}
