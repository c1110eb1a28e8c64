public import Bytes

/// A trial that ended with the system before it coming back.
public struct TrialFailure: Hashable, Sendable {
  /// The system that failed.
  public var system: SubvolumeUUID
  /// The version that it was made of; `nil` if that is not known.
  public var version: SystemVersion?
  /// How many trials of that version failed, one after another, this one included.
  public var count: Int
  /// Why: one printable line.
  public var reason: String

  /// No reason is longer, in Unicode scalars; the rest is cut off.
  public static let maximumReasonLength = 200
  private static let maximumCount = Int(UInt32.max)

  /// A failure that may be the next one of the same version.
  init(_ trial: Trial, reason: String, after previous: TrialFailure?) {
    system = trial.system
    version = trial.version
    let repeats = previous.map { $0.version == trial.version && $0.version != nil } ?? false
    count = repeats ? min((previous?.count ?? 0) &+ 1, Self.maximumCount) : 1
    self.reason = Self.printable(reason)
  }

  /// Whoever says why may be a script that passes on what a broken system printed.
  static func printable(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(maximumReasonLength) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: line.append(" ")
      default: line.append(scalar)
      }
    }
    return String(line)
  }
}

extension TrialFailure {
  /// Appends the fields to a record: that of failures, or a journal entry.
  func append(to record: inout Record) {
    record.append("system", system)
    record.append("version", optional: version)
    record.append("count", count)
    record.append("reason", text: reason)
  }

  init(_ record: Record) throws(RecordFlaw) {
    system = try record.uuid("system")
    version = try record.optionalVersion("version")
    count = try record.integer("count", in: 1...Self.maximumCount)
    reason = try record.text("reason")
    guard reason == Self.printable(reason) else { throw .badField("reason") }
  }
}

extension StateDirectory {
  /// The last one; `nil` if there was none, or the same version was good later.
  func failure() throws(InstallError) -> TrialFailure? {
    try read(DeviceNames.failure, as: TrialFailure.init)
  }

  /// The same for those that go back: a damaged record, which is for people, does not stop them.
  func lastFailure() throws(InstallError) -> TrialFailure? {
    try Self.unlessDamaged { () throws(InstallError) in try failure() }
  }

  func write(_ failure: TrialFailure) throws(InstallError) {
    var record = Record(DeviceNames.failure)
    failure.append(to: &record)
    try replace(record)
  }
}
