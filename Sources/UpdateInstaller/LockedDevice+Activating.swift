internal import Btrfs
internal import Bytes
internal import Linux

// Activating, step by step, and what a power cut right after each step leaves. C is what is called
// current before, L what is called last, N the new one.
//
//  1. snapshot of the version as .next     C, L as they were; .next is a leftover, and goes
//     what is to persist is copied into it the same
//  2. its origin is written                the same; an origin more, which the next write drops
//  3. commit                               the same: nothing counts before the journal does
//  4. journal {N, C, L}                    C is current: undone, .next goes
//  5. exchange .next and current           C is current: undone; or N is: finished from here
//  6. commit                               N is current: finished
//  7. exchange .next and last              .next is C, or L, or nothing: finished
//  8. commit                               the same
//  9. the version floor is raised, and     the same; doing it again changes nothing
//     the version's keys are adopted
// 10. the journal goes                     all is done but for .next, which is a leftover
// 11. commit                               the same
// 12. .next is deleted                     nothing: or it is still there, and goes
//
// Steps 6 to 12 are `settle`, which recovery calls, too: finishing is the same code as doing.
extension LockedDevice {
  /// Makes a snapshot of a version current, and what was current last.
  borrowing func activate(
    _ version: SystemVersion, carryingOver list: PersistList = .none,
    reset: (SubvolumeUUID) -> PendingReset? = { _ in nil }
  ) throws(InstallError) -> [DeviceChange] {
    let name = DeviceNames.version(version)
    guard let source = try directory.openSubvolume(name) else { throw .noSuchVersion(version) }
    guard try attempt({ () throws(SystemError) in try Subvolume.isReadOnly(source) }) else {
      throw .versionNotReadOnly(version)
    }
    let (current, last) = (try uuid(DeviceNames.current), try uuid(DeviceNames.last))
    // What cannot be read must not be noticed only when current is exchanged already.
    _ = try state.floor()
    _ = try state.keys()
    let origins = try state.origins()
    try attempt { () throws(SystemError) in
      try Subvolume.snapshot(of: source, as: DeviceNames.next, in: directory)
    }
    do throws(InstallError) {
      guard let next = try uuid(DeviceNames.next) else { throw .noSuchVersion(version) }
      let leftOut = try carryOver(list, into: DeviceNames.next)
      try state.write(
        origins.adding(version, of: next, keeping: [current, last].compactMap(\.self)))
      if let reset = reset(next) { try state.write(reset) }
      try commit()
      return try leftOut + carryOut(.activate(version, next: next, current: current, last: last))
    } catch {
      // Does nothing where it is the activation's own end that could not be reached.
      if try readJournal() == nil {
        _ = drop(DeviceNames.next)
        _ = try finishReset()
      }
      throw error
    }
  }
}
