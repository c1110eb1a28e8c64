public import Bytes

/// Something that takes several steps, as it is written down before the first one that counts.
///
/// Subvolumes are named by UUID: an exchange done twice is one undone, so after a power cut only
/// comparing UUIDs can say whether it was done.
public enum JournalEntry: Hashable, Sendable {
  /// A snapshot of a version takes the place of current, which takes the place of last; unless what
  /// is current is on trial still: then last stays what it is, the last one that was good.
  case activate(
    SystemVersion, next: SubvolumeUUID, current: SubvolumeUUID?, last: SubvolumeUUID?,
    keepsLast: Bool)
  /// Last takes the place of current, which becomes last, maybe because its trial failed.
  case rollBack(current: SubvolumeUUID?, last: SubvolumeUUID, TrialFailure?)
  /// The system that is current has proved itself.
  case markGood(SystemVersion?, system: SubvolumeUUID)
}

extension JournalEntry: CustomStringConvertible {
  /// What was begun.
  public var description: String {
    switch self {
    case .activate(let version, _, _, _, _): "activating version \(version)"
    case .rollBack: "rolling back"
    case .markGood(let version?, _): "marking version \(version) good"
    case .markGood(nil, _): "marking the system good"
    }
  }
}

extension JournalEntry {
  private static let activation = "activate"
  private static let rollback = "rollback"
  private static let approval = "mark-good"

  var record: Record {
    var record = Record(DeviceNames.journal)
    switch self {
    case .activate(let version, let next, let current, let last, let keepsLast):
      record.append("operation", Self.activation)
      record.append("version", version)
      record.append("next", next)
      record.append("current", optional: current)
      record.append("last", optional: last)
      record.append("keeps-last", flag: keepsLast)
    case .rollBack(let current, let last, let failure):
      record.append("operation", Self.rollback)
      record.append("current", optional: current)
      record.append("last", last)
      record.append("failed", flag: failure != nil)
      failure?.append(to: &record)
    case .markGood(let version, let system):
      record.append("operation", Self.approval)
      record.append("version", optional: version)
      record.append("current", system)
    }
    return record
  }

  init(_ record: Record) throws(RecordFlaw) {
    switch try record.value("operation") {
    case Self.activation:
      self = .activate(
        try record.version(), next: try record.uuid("next"),
        current: try record.optionalUUID("current"), last: try record.optionalUUID("last"),
        keepsLast: try record.flag("keeps-last"))
    case Self.rollback:
      self = .rollBack(
        current: try record.optionalUUID("current"), last: try record.uuid("last"),
        try record.flag("failed") ? try TrialFailure(record) : nil)
    case Self.approval:
      self = .markGood(try record.optionalVersion(), system: try record.uuid("current"))
    default:
      throw .badField("operation")
    }
  }
}

extension SubvolumeUUID {
  /// Reads ``description``, and nothing else.
  init?(text: some StringProtocol) {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: "-") }.map { digit in
      String(UnicodeScalar(digit)).hexDigit
    }
    guard bytes.count == 32, !bytes.contains(nil) else { return nil }
    let digits = bytes.compactMap { $0 }
    let packed = (0..<16).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
    self.init(packed.rawSpan)
    guard description == text else { return nil }
  }
}

extension String {
  fileprivate var hexDigit: Int? { Int(self, radix: 16) }
}

extension StateDirectory {
  /// What was begun and not finished; `nil` if nothing was.
  func journal() throws(InstallError) -> JournalEntry? {
    try read(DeviceNames.journal, as: JournalEntry.init)
  }

  func write(_ entry: JournalEntry) throws(InstallError) { try replace(entry.record) }

  func clearJournal() throws(InstallError) { try remove(DeviceNames.journal) }
}
