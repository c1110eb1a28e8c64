internal import Btrfs
internal import Bytes
internal import Linux

// Activating, step by step, and what a power cut right after each step leaves. C is what is called
// current before, L what is called last, N the new one.
//
//  1. snapshot of the version as .next     C, L as they were; .next is a leftover, and goes
//  2. what is to persist is copied into it the same
//  3. its origin is written                the same; an origin more, which the next write drops
//  4. the loader gets N's kernel           the same; the next activation's cleaning removes it
//  5. N's trial is written, beside C's     the same: a trial of what is not current is not in force
//  6. commit                               the same: nothing counts before the journal does
//  7. journal {N, C, L}                    C is current: undone, .next and N's trial go
//  8. exchange .next and current           C is current: undone; or N is: finished from here
//  9. commit                               N is current, on trial: finished
// 10. the loader is told to boot N         the same. It may boot C until then: nothing was counted
// 11. exchange .next and last              .next is C, or L, or nothing: finished
// 12. commit                               the same
// 13. C's trial goes, if it had one        the same
// 14. the loader's files of others go      the same
// 15. the journal goes                     all is done but for .next, which is a leftover
// 16. commit                               the same
// 17. .next is deleted                     nothing: or it is still there, and goes
//
// If C is on trial, it has not proved itself: step 11 is left out, L stays what it is, and C is
// what is deleted in step 17, or kept until it runs no more. Before step 13 it is written down that
// its version was replaced.
//
// If there is neither C nor L, nothing could come back: N is good at once, and instead of step 5 the
// version floor is raised and the version's keys are adopted before step 13.
//
// If the loader refuses in step 10, step 8 is done again, which takes it back: see `settle`.
//
// Steps 9 to 17 are `settle`, which recovery calls, too: finishing is the same code as doing.
extension LockedDevice {
  /// Makes a snapshot of a version current, on trial, and what was current last.
  ///
  /// - Parameter reset: makes it a factory reset: then what it begins afresh is on no trial.
  borrowing func activate(
    _ version: SystemVersion, tries: Int = Trial.defaultTries,
    carryingOver list: PersistList = .none,
    reset: (SubvolumeUUID) -> PendingReset? = { _ in nil }
  ) throws(InstallError) -> [DeviceChange] {
    let name = DeviceNames.version(version)
    guard let source = try directory.openSubvolume(name) else { throw .noSuchVersion(version) }
    guard try attempt({ () throws(SystemError) in try Subvolume.isReadOnly(source) }) else {
      throw .versionNotReadOnly(version)
    }
    let (current, last) = (try uuid(DeviceNames.current), try uuid(DeviceNames.last))
    // What cannot be read must not be noticed only when current is exchanged already.
    _ = try (state.floor(), state.failure(), state.keys())
    let origins = try state.origins()
    let keepsLast = try trialInForce() != nil && last != nil
    try attempt { () throws(SystemError) in
      try Subvolume.snapshot(of: source, as: DeviceNames.next, in: directory)
    }
    do throws(InstallError) {
      guard let next = try uuid(DeviceNames.next) else { throw .noSuchVersion(version) }
      let leftOut = try carryOver(list, into: DeviceNames.next)
      try state.write(
        origins.adding(version, of: next, keeping: [current, last].compactMap(\.self)))
      try prepareLoader(for: DeviceNames.next)
      if let reset = reset(next) {
        try state.write(reset)
      } else if current != nil || last != nil {
        let trial = Trial(of: next, version, tries: tries, in: running.bootID)
        try state.add(trial, keeping: current)
      }
      try commit()
      return try leftOut
        + carryOut(
          .activate(version, next: next, current: current, last: last, keepsLast: keepsLast))
    } catch {
      try takeBackNext()
      throw error
    }
  }

  /// Deletes what was made before the journal was written. Does nothing where it is the activation's
  /// own end that could not be reached.
  private borrowing func takeBackNext() throws(InstallError) {
    guard try readJournal() == nil else { return }
    _ = drop(DeviceNames.next)
    _ = cleanLoader()
    try state.removeTrials(except: try uuid(DeviceNames.current))
    _ = try goOnWithReset()
  }
}
