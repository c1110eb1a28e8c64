internal import Btrfs
internal import Bytes
internal import Linux

/// What became of installed versions on this device, by the UUID of their subvolumes: one that was
/// never on trial has no verdict.
///
/// A factory reset needs a good one; a stick activates by itself what has none.
struct Verdicts: Equatable {
  /// What became of one.
  enum Verdict: String {
    /// It was marked good.
    case good
    /// Its trial failed, or it was left because it was not healthy any more.
    case bad
    /// Another one was activated while it was on trial.
    case replaced
  }

  /// The last word on each.
  var known: [SubvolumeUUID: Verdict] = [:]

  init() {}

  init(_ record: Record) throws(RecordFlaw) {
    for (key, value) in record.fields {
      guard let verdict = Verdict(rawValue: key), let uuid = SubvolumeUUID(text: value),
        known.updateValue(verdict, forKey: uuid) == nil
      else { throw .badField(key) }
    }
  }

  var record: Record {
    var record = Record(DeviceNames.verdicts)
    let lines = known.map { (uuid: $0.key.description, verdict: $0.value) }
    for line in lines.sorted(by: { $0.uuid < $1.uuid }) {
      record.append(line.verdict.rawValue, line.uuid)
    }
    return record
  }
}

extension StateDirectory {
  func verdicts() throws(InstallError) -> Verdicts {
    try read(DeviceNames.verdicts, as: Verdicts.init) ?? Verdicts()
  }

  /// The same for those that add to it: what is damaged says nothing, and stops neither going back
  /// nor marking good.
  private func readableVerdicts() throws(InstallError) -> Verdicts {
    try Self.unlessDamaged { () throws(InstallError) in try verdicts() } ?? Verdicts()
  }

  /// Writes down a verdict, and forgets those on versions that are gone; writes nothing if it is
  /// known.
  ///
  /// - Parameter installed: the subvolumes of the installed versions.
  func note(
    _ verdict: Verdicts.Verdict, of version: SystemVersion,
    _ installed: [SystemVersion: SubvolumeUUID]
  ) throws(InstallError) {
    guard let uuid = installed[version] else { return }
    let before = try readableVerdicts()
    let known = before.known[uuid]
    // To be replaced says nothing against what was judged before.
    if known == verdict || verdict == .replaced && known != nil { return }
    var after = before
    after.known[uuid] = verdict
    let present = Set(installed.values)
    after.known = after.known.filter { present.contains($0.key) }
    try replace(after.record)
  }
}

extension LockedDevice {
  /// Writes down what became of a version.
  func note(_ verdict: Verdicts.Verdict, of version: SystemVersion) throws(InstallError) {
    let names = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    let versions = names.compactMap { info in
      DeviceNames.version(named: info.text).map { ($0, info.uuid) }
    }
    try state.note(verdict, of: version, Dictionary(versions) { first, _ in first })
  }
}
