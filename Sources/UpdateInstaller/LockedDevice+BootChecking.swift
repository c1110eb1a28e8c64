internal import Bytes
internal import Linux

// What happens early in every boot, before root is mounted. One boot is one try, however often it is
// asked: the trial knows the boot that was counted last. No clock is looked at.
//
// A power cut after the count is on disk costs a try; before, the boot has not happened. Going back
// is a rollback, with its journal.
extension LockedDevice {
  /// Counts a try of the system on trial, or goes back to the one before it.
  borrowing func checkBoot() throws(InstallError) -> BootCheck.Outcome {
    guard let trial = try trialInForce() else { return .noTrial }
    return try boot.countsTries ? followLoader(trial) : countTry(of: trial)
  }

  private borrowing func countTry(of trial: Trial) throws(InstallError) -> BootCheck.Outcome {
    if let boot = running.bootID, trial.lastBoot == boot || trial.beginning == boot {
      return .trial(trial.version, triesLeft: trial.triesLeft)
    }
    guard trial.triesLeft > 0 else {
      let boots = trial.tries == 1 ? "1 boot" : "\(trial.tries) boots"
      return try goBack(trial, "tries used up: \(boots), and it was not marked good")
    }
    var counted = trial
    counted.triesLeft -= 1
    try note(counted)
    return .trial(trial.version, triesLeft: counted.triesLeft)
  }

  /// The loader has decided already: names only have to agree with it.
  private borrowing func followLoader(_ trial: Trial) throws(InstallError) -> BootCheck.Outcome {
    let disk = try bootDisk()
    guard let system = disk.system(trial.system) else { return .noTrial }
    let loaderState = try attemptBackend { () throws(BootError) in
      try boot.state(of: system, disk)
    }
    let booted = try bootedSystem()
    // In its last try it has none left, but it is what runs.
    if loaderState == .bad, let booted, booted != trial.system {
      return try goBack(trial, "the boot loader fell back")
    }
    if booted == trial.system, trial.lastBoot != running.bootID { try note(trial) }
    guard case .trial(let triesLeft) = loaderState else {
      return .trial(trial.version, triesLeft: 0)
    }
    return .trial(trial.version, triesLeft: triesLeft)
  }

  /// Writes that this boot was seen.
  private func note(_ trial: Trial) throws(InstallError) {
    var trial = trial
    trial.lastBoot = running.bootID
    try state.add(trial, keeping: nil)
    try commit()
  }

  private borrowing func goBack(
    _ trial: Trial, _ reason: String
  ) throws(InstallError) -> BootCheck.Outcome {
    let changes = try rollBack(reason: reason, tries: trial.tries)
    return .fellBack(from: trial.version, reason: reason, changes)
  }
}
