internal import CommandSupport
internal import Crypto
internal import UpdateInstaller

/// What is known of keys, as people and scripts read it.
struct KeyReport {
  let keys: DeviceKeys
  /// The keys that the device's owner trusts; none where nobody was asked for them.
  let given: [VerificationKey]

  init(_ keys: DeviceKeys, given: [VerificationKey] = []) {
    self.keys = keys
    self.given = given
  }

  /// One line for each key and what is said of it.
  var text: String {
    var lines = keys.trusted(with: given).map { "trusted: \($0.keyID)  \(origin(of: $0))" }
    lines += keys.revoked.sorted().map { "revoked: \($0.keyID)  by version \($0.version)" }
    lines += keys.pendingKeys.sorted().map {
      "pending: \($0.key.keyID)  trusted once version \($0.version) is good"
    }
    lines += keys.pendingRevocations.sorted().map {
      "pending: \($0.keyID)  revoked once version \($0.version) is good"
    }
    return lines.isEmpty ? "no keys" : lines.joined(separator: "\n")
  }

  /// The same as an object.
  var json: JSONValue {
    .object([
      ("trusted", .array(keys.trusted(with: given).map { .string("\($0.keyID)") })),
      ("learned", Self.list(keys.learned)), ("revoked", Self.list(keys.revoked)),
      ("pendingKeys", Self.list(keys.pendingKeys)),
      ("pendingRevocations", Self.list(keys.pendingRevocations)),
    ])
  }

  private func origin(of key: VerificationKey) -> String {
    if given.contains(key) { return "from --keys" }
    let version = keys.learned.first { $0.key == key }?.version
    return version.map { "came with version \($0)" } ?? ""
  }

  private static func list(_ keys: [DeviceKeys.Brought]) -> JSONValue {
    .array(keys.sorted().map { json("\($0.key.keyID)", $0.version) })
  }

  private static func list(_ keys: [DeviceKeys.Revoked]) -> JSONValue {
    .array(keys.sorted().map { json("\($0.keyID)", $0.version) })
  }

  private static func json(_ keyID: String, _ version: SystemVersion) -> JSONValue {
    .object([("id", .string(keyID)), ("version", .unsigned(version.number))])
  }
}
