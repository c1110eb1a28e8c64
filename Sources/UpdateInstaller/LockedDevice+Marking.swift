internal import Btrfs
internal import Bytes
internal import Linux

// Marking good, step by step. From step 1 on it is decided: recovery goes on to the end.
//
//  1. journal {N}
//  2. the loader is told that N is good; if it refuses, the journal goes, and the trial goes on
//  3. the version floor is raised, the version's keys are adopted, and the verdict is written
//  4. a failure of the same version is forgotten
//  5. the trial goes
//  6. the journal goes
//  7. commit
//
// Steps 2 to 7 are `settle`.
extension LockedDevice {
  /// Ends the trial: the system that runs has proved itself.
  ///
  /// - Parameter version: the version on trial, where whoever asks takes it upon himself that it is
  ///   what was judged; else it must be what runs.
  borrowing func markGood(_ version: SystemVersion?) throws(InstallError) -> MarkedGood {
    guard let trial = try trialInForce() else { return try confirm(version) }
    try requireJudgeable(trial, version)
    // What cannot be read must not be noticed only when there is no way back.
    _ = try (state.floor(), state.failure(), state.keys())
    let changes = try carryOut(.markGood(trial.version, system: trial.system))
    return MarkedGood(version: trial.version, wasOnTrial: true, changes: changes)
  }

  /// Ends the trial with the system before it coming back.
  borrowing func markBad(
    _ version: SystemVersion?, reason: String
  ) throws(InstallError) -> [DeviceChange] {
    guard let trial = try trialInForce() else { throw .notOnTrial(version) }
    try requireJudgeable(trial, version)
    return try rollBack(reason: reason)
  }

  /// What follows from a version being good. Done again, it changes nothing.
  func accept(_ version: SystemVersion) throws(InstallError) {
    try state.raiseFloor(to: version)
    try adoptKeys(of: version)
    try note(.good, of: version)
  }

  /// What is good already stays so; a device that was not set up by activating gets its floor.
  private func confirm(_ version: SystemVersion?) throws(InstallError) -> MarkedGood {
    let disk = try bootDisk()
    guard let current = disk.system(named: DeviceNames.current) else {
      throw .notOnTrial(version)
    }
    if let version, version != current.version { throw .notOnTrial(version) }
    if let version = current.version, running.uuid == current.uuid {
      try accept(version)
    }
    return MarkedGood(version: current.version, wasOnTrial: false, changes: [])
  }

  /// A verdict is about what runs, and that may be the system before, as long as nobody rebooted.
  private func requireJudgeable(
    _ trial: Trial, _ version: SystemVersion?
  ) throws(InstallError) {
    if let version {
      guard version == trial.version else { throw .notOnTrial(version) }
      return
    }
    guard try hasBooted(trial) else { throw .notBooted(trial.version) }
  }

  /// Whether the system on trial is what runs: by what `/` is, by what the loader says, or, where an
  /// overlay hides the one and the loader does not say, by what `boot-check` saw in this boot.
  private func hasBooted(_ trial: Trial) throws(InstallError) -> Bool {
    if let booted = try bootedSystem() { return booted == trial.system }
    return running.bootID != nil && trial.lastBoot == running.bootID
  }

  /// Which of the device's systems runs; `nil` if none does, or it cannot be told.
  func bootedSystem() throws(InstallError) -> SubvolumeUUID? {
    let present = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    if let running = running.uuid, present.contains(where: { $0.uuid == running }) {
      return running
    }
    let disk = try bootDisk()
    let booted = try attemptBackend { () throws(BootError) in try boot.current(disk) }
    return booted?.uuid
  }
}
