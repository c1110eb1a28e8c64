internal import Btrfs
internal import Bytes
internal import Linux

/// What a factory reset does once its fresh system is current, written down before it is.
///
/// It is in force as long as the system it is for is current. Subvolumes are named by UUID, so that
/// what is wiped already is not wiped again.
struct PendingReset: Equatable {
  /// A subvolume that becomes an empty one.
  struct Wipe: Equatable {
    var name: String
    var uuid: SubvolumeUUID
  }

  /// The fresh system.
  var system: SubvolumeUUID
  /// Whether what was current before stays as last.
  var keepsLast: Bool
  var wipes: [Wipe]

  init(system: SubvolumeUUID, keepsLast: Bool, wipes: [Wipe]) {
    (self.system, self.keepsLast, self.wipes) = (system, keepsLast, wipes)
  }
}

extension PendingReset {
  var record: Record {
    var record = Record(DeviceNames.reset)
    record.append("system", system)
    record.append("keeps-last", keepsLast ? "yes" : "no")
    for wipe in wipes { record.append("wipe", "\(wipe.uuid):\(Self.encoded(wipe.name))") }
    return record
  }

  init(_ record: Record) throws(RecordFlaw) {
    guard let system = SubvolumeUUID(text: try record.value("system")) else {
      throw .badField("system")
    }
    let flag = try record.value("keeps-last")
    guard flag == "yes" || flag == "no" else { throw .badField("keeps-last") }
    self.init(system: system, keepsLast: flag == "yes", wipes: [])
    for (key, value) in record.fields where key != "system" && key != "keeps-last" {
      let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard key == "wipe", parts.count == 2, let uuid = SubvolumeUUID(text: parts[0]),
        let name = Self.decoded(parts[1]), Self.encoded(name) == parts[1]
      else { throw .badField(key) }
      wipes.append(Wipe(name: name, uuid: uuid))
    }
  }

  private static let plain = Set(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-".utf8)

  /// A name as one word: every other byte is `%` and two digits.
  private static func encoded(_ name: String) -> String {
    name.utf8.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension StateDirectory {
  /// What a factory reset has still to do; `nil` if there was none.
  func reset() throws(InstallError) -> PendingReset? {
    try read(DeviceNames.reset, as: PendingReset.init)
  }

  func write(_ reset: PendingReset) throws(InstallError) { try replace(reset.record) }
}
