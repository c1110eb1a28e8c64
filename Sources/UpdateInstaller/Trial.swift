public import Bytes

/// A system that has to prove itself: it is started so many times, and unless it is marked good
/// meanwhile, the system before it comes back.
///
/// It is in force only while the system with its UUID is called current. So it can be written before
/// the names are exchanged, and means nothing until then and after they are exchanged back.
public struct Trial: Hashable, Sendable {
  /// The system on trial.
  public var system: SubvolumeUUID
  /// The version that it was made of; `nil` if that is not known.
  public var version: SystemVersion?
  /// How many times it is started, in all.
  public var tries: Int
  /// How many times it may still be started. Only `boot-check` counts here, not a boot loader.
  public var triesLeft: Int
  /// The boot in which the trial was begun, which is none of its own.
  var beginning: String?
  /// The boot in which `boot-check` last saw it start. One boot is one try.
  var lastBoot: String?

  /// How many tries a trial may have.
  public static let allowedTries = 1...99
  /// How many it has if nobody says.
  public static let defaultTries = 3

  /// A trial that begins in the boot `boot`.
  init(of system: SubvolumeUUID, _ version: SystemVersion?, tries: Int, in boot: String?) {
    self.system = system
    self.version = version
    self.tries = min(max(tries, Self.allowedTries.lowerBound), Self.allowedTries.upperBound)
    triesLeft = self.tries
    beginning = boot
  }
}

extension Trial {
  private static let keys = ["system", "version", "tries", "tries-left", "begun-in", "last-boot"]

  /// The record of some trials: that in force, and for a moment that of the system which is about
  /// to become current.
  static func record(_ trials: [Trial]) -> Record {
    var record = Record(DeviceNames.trial)
    for trial in trials {
      record.append(keys[0], trial.system)
      record.append(keys[1], optional: trial.version)
      record.append(keys[2], trial.tries)
      record.append(keys[3], trial.triesLeft)
      record.append(keys[4], optional: trial.beginning)
      record.append(keys[5], optional: trial.lastBoot)
    }
    return record
  }

  static func trials(_ record: Record) throws(RecordFlaw) -> [Trial] {
    var trials: [Trial] = []
    var fields = record.fields[...]
    while !fields.isEmpty {
      var group = Record(record.kind)
      group.fields = Array(fields.prefix(keys.count))
      if let wrong = zip(group.fields, keys).first(where: { $0.key != $1 }) {
        throw .badField(wrong.0.key)
      }
      let trial = try Trial(group)
      guard !trials.contains(where: { $0.system == trial.system }) else {
        throw .badField(keys[0])
      }
      trials.append(trial)
      fields = fields.dropFirst(keys.count)
    }
    return trials
  }

  private init(_ record: Record) throws(RecordFlaw) {
    system = try record.uuid(Self.keys[0])
    version = try record.optionalVersion(Self.keys[1])
    tries = try record.integer(Self.keys[2], in: Self.allowedTries)
    triesLeft = try record.integer(Self.keys[3], in: 0...tries)
    beginning = try record.optionalValue(Self.keys[4])
    lastBoot = try record.optionalValue(Self.keys[5])
  }
}

extension StateDirectory {
  /// All that are written down, in force or not.
  func trials() throws(InstallError) -> [Trial] {
    try read(DeviceNames.trial, as: Trial.trials) ?? []
  }

  /// Replaces all by these.
  func write(_ trials: [Trial]) throws(InstallError) {
    if trials.isEmpty { return try remove(DeviceNames.trial) }
    try replace(Trial.record(trials))
  }

  /// Writes one down, beside that of another system.
  func add(_ trial: Trial, keeping system: SubvolumeUUID?) throws(InstallError) {
    try write(try trials().filter { $0.system == system && $0.system != trial.system } + [trial])
  }

  /// Forgets that of one system; writes nothing if there is none.
  func removeTrials(of system: SubvolumeUUID) throws(InstallError) {
    let before = try trials()
    let after = before.filter { $0.system != system }
    if after != before { try write(after) }
  }

  /// Forgets all but that of one system; writes nothing if there is no other.
  func removeTrials(except system: SubvolumeUUID?) throws(InstallError) {
    let before = try trials()
    let after = before.filter { $0.system == system }
    if after != before { try write(after) }
  }
}
