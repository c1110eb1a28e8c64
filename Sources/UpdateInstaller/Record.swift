internal import Bytes
internal import Crypto

/// A small text file that knows its kind and whether it is whole.
///
///     btrfs-update floor 1
///     version 42
///     sha256 9f86d081…
///
/// The digest is of all the bytes before its own line. Keys and values have neither spaces nor line
/// feeds; the same key may come several times.
struct Record: Equatable {
  /// What the file is; its name, too.
  var kind: String
  /// Its lines.
  var fields: [(key: String, value: String)] = []

  /// The one version of all the records that there is.
  static let version = "1"
  /// No record is longer; in bytes.
  static let maximumLength = 1 << 20

  init(_ kind: String) { self.kind = kind }

  /// The value of a key that must be there once.
  func value(_ key: String) throws(RecordFlaw) -> String {
    let values = fields.filter { $0.key == key }
    guard values.count == 1 else { throw .badField(key) }
    return values[0].value
  }

  mutating func append(_ key: String, _ value: some CustomStringConvertible) {
    fields.append((key, value.description))
  }

  static func == (one: Record, other: Record) -> Bool {
    one.kind == other.kind && one.fields.elementsEqual(other.fields, by: ==)
  }
}

/// What is wrong with a file below `.btrfs-update`.
public enum RecordFlaw: Error, Hashable, Sendable {
  /// It does not begin as such a file does.
  case unknownKind
  /// A newer program wrote it.
  case unknownVersion(String)
  /// It is not whole, or was changed.
  case wrongDigest
  /// A line is missing, there too often, or makes no sense.
  case badField(String)
}

extension RecordFlaw: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .unknownKind: "it is another kind of file"
    case .unknownVersion(let version): "it has version \(version), which this program cannot read"
    case .wrongDigest: "its contents do not match its digest"
    case .badField(let key): "its field \"\(key)\" is missing or wrong"
    }
  }
}

extension Record {
  private static let magic = "btrfs-update"
  private static let digestKey = "sha256 "

  /// The file's bytes.
  var bytes: [UInt8] {
    var text = "\(Self.magic) \(kind) \(Self.version)\n"
    for (key, value) in fields { text += "\(key) \(value)\n" }
    let body = Array(text.utf8)
    return body + Array("\(Self.digestKey)\(SHA256.hash(body.rawSpan))\n".utf8)
  }

  /// Reads a file's bytes, all of them.
  init(_ kind: String, parsing bytes: [UInt8]) throws(RecordFlaw) {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .unknownKind }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let heading = lines[0].split(separator: " ", omittingEmptySubsequences: false)
    guard heading.count == 3, heading[0] == Self.magic, heading[1] == kind else {
      throw .unknownKind
    }
    guard heading[2] == Self.version else { throw .unknownVersion(String(heading[2])) }
    // The last line has its line feed, behind which there is nothing.
    guard lines.count >= 3, lines[lines.count - 1].isEmpty else { throw .wrongDigest }
    self.init(kind)
    for line in lines[1..<(lines.count - 2)] {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw .badField(String(line)) }
      append(String(parts[0]), parts[1])
    }
    // One spelling for one record: this covers the digest's line, too.
    guard self.bytes == bytes else { throw .wrongDigest }
  }
}
