internal import Bytes
internal import Linux

// Rolling back, step by step, and what a power cut right after each step leaves.
//
//  1. the loader gets L's kernel      nothing: it has it, unless the loader is a new one
//  2. L's trial is written, beside C's, if L failed one before: it means nothing yet
//  3. journal {C, L, why}             C is current: undone, L's trial goes
//  4. exchange current and last       C is current: undone; or L is: finished from here
//  5. commit                          L is current: finished
//  6. the loader is told to boot L    the same; if it refuses, step 4 is done again
//  7. commit                          the same
//  8. C's failure and the verdict are written  the same; written again, they are the same
//  9. C's trial goes                  the same
// 10. the journal goes                the same, or all is done
// 11. commit                          all is done
//
// Steps 5 to 11 are `settle`. What was on trial fails by it, whoever asks for it.
extension LockedDevice {
  /// Makes last current, and what was current last. The version floor has no say in it.
  ///
  /// - Parameters:
  ///   - reason: why, for the record of the failure, if current is on trial.
  ///   - tries: how many tries last has if it is there because its own trial failed.
  ///   - failed: whether current has failed also if it is on no trial.
  borrowing func rollBack(
    reason: String, tries: Int = Trial.defaultTries, failed: Bool = false
  ) throws(InstallError) -> [DeviceChange] {
    guard let last = try uuid(DeviceNames.last) else { throw .nothingToRollBack }
    let current = try uuid(DeviceNames.current)
    let previous = try state.lastFailure()
    var trial = try trialInForce()
    if trial == nil, failed, let current {
      trial = Trial(of: current, try version(of: current), tries: tries, in: running.bootID)
    }
    let failure = trial.map { TrialFailure($0, reason: reason, after: previous) }
    try prepareLoader(for: DeviceNames.last)
    // Somebody may know better why it failed; but it has not proved itself yet.
    if previous?.system == last, current != nil {
      let trial = Trial(of: last, previous?.version, tries: tries, in: running.bootID)
      try state.add(trial, keeping: current)
    }
    return try carryOut(.rollBack(current: current, last: last, failure))
  }

  private func version(of system: SubvolumeUUID) throws(InstallError) -> SystemVersion? {
    try bootDisk().system(system)?.version
  }
}
