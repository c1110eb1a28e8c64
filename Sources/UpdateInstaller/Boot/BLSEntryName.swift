internal import Bytes

/// The name of a boot loader entry: `TOKEN-000012-UUID+2-1.conf`.
///
/// All that changes about an entry is in its name, so that every change is one rename: which one
/// comes first (entries with equal sort keys are ordered by their names, the highest first), and the
/// tries (Boot Loader Specification, "Boot counting").
struct BLSEntryName: Hashable {
  /// What orders the entries: the highest boots.
  var sequence: UInt64
  /// The system.
  var uuid: SubvolumeUUID
  /// `nil` if it is good.
  var counter: Counter?

  /// `+LEFT-DONE`. Digits keep their number where the loader or we count, so that the name keeps
  /// its length: the specification asks for it, since a longer name may need another directory slot.
  struct Counter: Hashable {
    var left: Int
    var done: Int?
    var leftDigits: Int
    var doneDigits: Int

    init(left: Int) {
      (self.left, done) = (left, nil)
      (leftDigits, doneDigits) = (String(left).count, 0)
    }
  }

  private static let sequenceDigits = 6
  private static let suffix = ".conf"

  init(sequence: UInt64, uuid: SubvolumeUUID, counter: Counter? = nil) {
    (self.sequence, self.uuid, self.counter) = (sequence, uuid, counter)
  }

  /// Reads a name; `nil` if it is not one of those that `text(_:)` gives, or a loader makes of them.
  init?(_ name: String, token: String) {
    guard name.hasPrefix(token + "-"), name.hasSuffix(Self.suffix) else { return nil }
    let stem = name.dropFirst(token.count + 1).dropLast(Self.suffix.count)
    let parts = stem.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let fields = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard fields.count == 2, fields[0].count >= Self.sequenceDigits,
      let sequence = Self.number(fields[0]), let uuid = SubvolumeUUID(text: fields[1])
    else { return nil }
    (self.sequence, self.uuid) = (sequence, uuid)
    if parts.count > 1 {
      guard let counter = Counter(parts[1]) else { return nil }
      self.counter = counter
    }
  }

  /// The name.
  func text(_ token: String) -> String {
    let counter = counter.map { "\($0)" } ?? ""
    return "\(token)-\(Self.padded(sequence, Self.sequenceDigits))-\(uuid)\(counter)\(Self.suffix)"
  }

  /// What it says about its system.
  var state: BootState {
    guard let counter else { return .good }
    return counter.left > 0 ? .trial(triesLeft: counter.left) : .bad
  }

  /// The same entry, after a verdict.
  func with(_ verdict: BootVerdict) -> BLSEntryName {
    var name = self
    switch verdict {
    case .good: name.counter = nil
    case .bad:
      name.counter = counter ?? Counter(left: 0)
      name.counter?.left = 0
    }
    return name
  }

  /// At most 18 digits.
  fileprivate static func number(_ text: some StringProtocol) -> UInt64? {
    guard (1...18).contains(text.utf8.count),
      text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    return UInt64(text)
  }

  fileprivate static func padded(_ number: UInt64, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(digits - text.count, 0)) + text
  }
}

extension BLSEntryName.Counter: CustomStringConvertible {
  /// Reads what is behind the plus sign.
  fileprivate init?(_ text: Substring) {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0].count <= 9, let left = BLSEntryName.number(parts[0]) else { return nil }
    (self.left, leftDigits) = (Int(left), parts[0].count)
    (done, doneDigits) = (nil, 0)
    guard parts.count > 1 else { return }
    guard parts[1].count <= 9, let done = BLSEntryName.number(parts[1]) else { return nil }
    (self.done, doneDigits) = (Int(done), parts[1].count)
  }

  /// With the plus sign.
  var description: String {
    let left = BLSEntryName.padded(UInt64(clamping: left), leftDigits)
    guard let done else { return "+\(left)" }
    return "+\(left)-\(BLSEntryName.padded(UInt64(clamping: done), doneDigits))"
  }
}
