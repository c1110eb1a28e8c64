internal import Crypto

// The record, for example
//
//     btrfs-update keys 1
//     learned 42:302a3005…
//     revoked 42:5ae1…
//     pending-key 43:302a3005…
//     pending-revocation 43:91cc…
//     sha256 9f86d081…
//
// Each line names a version, and a key in hexadecimal digits: its SubjectPublicKeyInfo where it is
// or will be trusted, else its ID. The lines of a kind ascend by version and key.
extension DeviceKeys {
  private enum Field {
    static let learned = "learned"
    static let revoked = "revoked"
    static let pendingKey = "pending-key"
    static let pendingRevocation = "pending-revocation"
  }

  var record: Record {
    var record = Record(DeviceNames.keys)
    for line in learned.sorted() { record.append(Field.learned, line.field) }
    for line in revoked.sorted() { record.append(Field.revoked, line.field) }
    for line in pendingKeys.sorted() { record.append(Field.pendingKey, line.field) }
    for line in pendingRevocations.sorted() { record.append(Field.pendingRevocation, line.field) }
    return record
  }

  init(_ record: Record) throws(RecordFlaw) {
    for (name, value) in record.fields {
      switch name {
      case Field.learned: learned.append(try Brought(name, field: value))
      case Field.revoked: revoked.append(try Revoked(name, field: value))
      case Field.pendingKey: pendingKeys.append(try Brought(name, field: value))
      case Field.pendingRevocation: pendingRevocations.append(try Revoked(name, field: value))
      default: throw .badField(name)
      }
    }
    try Self.checkOnce(learned.map(\.key.keyID), Field.learned)
    try Self.checkOnce(revoked.map(\.keyID), Field.revoked)
    try Self.checkOnce(pendingKeys, Field.pendingKey)
    try Self.checkOnce(pendingRevocations, Field.pendingRevocation)
  }

  private static func checkOnce(
    _ values: [some Hashable], _ field: String
  ) throws(RecordFlaw) {
    guard values.count <= maximumCount, Set(values).count == values.count else {
      throw .badField(field)
    }
  }
}

extension DeviceKeys.Brought: Comparable {
  /// The order of their versions, and within one of the key IDs.
  public static func < (one: Self, other: Self) -> Bool {
    (one.version, one.key.keyID) < (other.version, other.key.keyID)
  }

  fileprivate var field: String {
    "\(version):" + key.subjectPublicKeyInfo.map(\.hexDigits).joined()
  }

  fileprivate init(_ name: String, field: String) throws(RecordFlaw) {
    let parts = field.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let version = SystemVersion(parts[0]),
      let info = Digest<44>(hex: parts[1]), info.hex == parts[1]
    else { throw .badField(name) }
    do throws(KeyError) {
      let key = try VerificationKey(subjectPublicKeyInfo: info.rawSpan)
      self.init(key: key, version: version)
    } catch { throw .badField(name) }
  }
}

extension DeviceKeys.Revoked: Comparable {
  /// The order of their versions, and within one of the key IDs.
  public static func < (one: Self, other: Self) -> Bool {
    (one.version, one.keyID) < (other.version, other.keyID)
  }

  fileprivate var field: String { "\(version):\(keyID)" }

  fileprivate init(_ name: String, field: String) throws(RecordFlaw) {
    let parts = field.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let version = SystemVersion(parts[0]),
      let keyID = SHA256Digest(hex: parts[1]), keyID.hex == parts[1]
    else { throw .badField(name) }
    self.init(keyID: keyID, version: version)
  }
}

extension UInt8 {
  fileprivate var hexDigits: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}

extension StateDirectory {
  /// What the device has learned of keys.
  ///
  /// - Throws: ``InstallError/recordCorrupt(name:_:)``: revocations that cannot be read may be of
  ///   any key, so nothing is trusted then.
  func keys() throws(InstallError) -> DeviceKeys {
    try read(DeviceNames.keys, as: DeviceKeys.init) ?? DeviceKeys()
  }

  /// Changes what is remembered of keys; nothing is written where nothing changes.
  func changeKeys(_ change: (DeviceKeys) -> DeviceKeys) throws(InstallError) {
    let before = try keys()
    let after = change(before)
    if after == before { return }
    if after == DeviceKeys() { try remove(DeviceNames.keys) } else { try replace(after.record) }
  }
}
