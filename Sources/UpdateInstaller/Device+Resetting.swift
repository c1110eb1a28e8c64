internal import Btrfs
internal import Bytes
internal import Linux

extension Device {
  /// Begins afresh: a new snapshot of a version becomes current, without what the present system was
  /// changed by, and nothing of that stays as last.
  ///
  /// The fresh system is on no trial: the version must have proved itself on this device. What was
  /// current is deleted, at once or, if it runs now, by the first call after it does so no more.
  ///
  /// - Parameters:
  ///   - version: which one; the one that current was made of, if none is given.
  ///   - list: what the fresh system takes over nevertheless.
  ///   - names: subvolumes beside current that become empty ones, with the same owner, mode,
  ///     attributes and times. One that is mounted keeps its contents until it is mounted anew.
  ///   - keepsLast: leaves what was current as last.
  /// - Returns: what was done besides: recovery, what was deleted and wiped.
  /// - Throws: ``InstallError/resetUnfinished(_:)``, ``InstallError/notProven(_:)``, ``InstallError/notWipeable(name:)``, and what
  ///   ``activate(_:carryingOver:)`` throws; then nothing was changed. Once the fresh system is
  ///   current, the rest is finished by the next call if it cannot be now.
  @discardableResult
  public func factoryReset(
    to version: SystemVersion? = nil, keeping list: PersistList = .none,
    wiping names: [String] = [],
    keepsLast: Bool = false
  ) throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "factory-reset")
    let recovered = try device.recover()
    try recovered.requireFinishedReset()
    let present = try system(DeviceNames.current)?.version
    guard let version = version ?? present else { throw .noSuchVersion(nil) }
    try device.requireProven(version)
    var wipes: [PendingReset.Wipe] = []
    for name in names { wipes.append(try device.wipe(of: name)) }
    let facts = try activationFacts(version)
    try hooks.ask(.preActivate, facts)
    let activated = try device.activate(version, carryingOver: list) { next in
      PendingReset(system: next, keepsLast: keepsLast, wipes: wipes)
    }
    let finished = try device.goOnWithReset()
    try finished.requireFinishedReset()
    return recovered + activated + finished + hooks.tell(.postActivate, facts)
  }
}

// Resetting is activating, with these steps more. F is the fresh system.
//
//  a. before the journal is written: reset {F, what to wipe}
//                                          C is current: not in force, and goes
//     … the steps of activating …          F is current: in force, and the next call goes on here
//  b. last is deleted, or set aside        the same
//  c. for each subvolume to wipe: an empty one is made, and takes its name; commit
//                                          the old one or the new one has the name, by its UUID
//  d. the old one is deleted, or set aside the same: else it is a leftover
//  e. reset goes                           all is done
extension LockedDevice {
  /// Checks that a version was found good on this device, and not failed since.
  fileprivate func requireProven(_ version: SystemVersion) throws(InstallError) {
    guard let info = try subvolume(DeviceNames.version(version)) else {
      throw .noSuchVersion(version)
    }
    guard try state.verdicts().known[info.uuid] == .good,
      try trialInForce()?.version != version
    else { throw .notProven(version) }
  }

  /// Checks that a subvolume may be wiped.
  func wipe(of name: String) throws(InstallError) -> PendingReset.Wipe {
    guard !["", ".", ".."].contains(name), !name.utf8.contains(UInt8(ascii: "/")),
      !name.utf8.contains(0),
      !name.hasPrefix("sys_root_"), !name.hasPrefix(".sys_root_"), name != DeviceNames.state
    else { throw .notWipeable(name: name) }
    let info: SubvolumeInfo?
    do throws(InstallError) { info = try subvolume(name) } catch {
      if case .notSubvolume = error { throw .notWipeable(name: name) }
      throw error
    }
    guard let info, !info.isReadOnly else { throw .notWipeable(name: name) }
    return PendingReset.Wipe(name: name, uuid: info.uuid)
  }

  /// Does what is left of a factory reset, if it can be done now. What else a call is for does not
  /// depend on it, and may be what makes room for it.
  borrowing func goOnWithReset() throws(InstallError) -> [DeviceChange] {
    var changes: [DeviceChange] = []
    do throws(InstallError) { try finishReset(&changes) } catch {
      switch error {
      case .system(let error), .spaceExhausted(let error): changes.append(.resetUnfinished(error))
      default: throw error
      }
    }
    return changes
  }

  /// Does what is left of a factory reset, or forgets one that did not come to be.
  ///
  /// - Parameter changes: gets what was done, also when it throws.
  borrowing func finishReset(_ changes: inout [DeviceChange]) throws(InstallError) {
    guard let reset = try state.reset() else { return }
    if try uuid(DeviceNames.current) == reset.system {
      if !reset.keepsLast { changes += try dropLast() + cleanLoader() }
      for wipe in reset.wipes { changes += try carryOut(wipe) }
    }
    try state.remove(DeviceNames.reset)
    try commit()
  }

  /// It loses its name, whatever becomes of it then: no rollback may bring it back.
  private borrowing func dropLast() throws(InstallError) -> [DeviceChange] {
    guard let last = try subvolume(DeviceNames.last) else { return [] }
    let name = DeviceNames.dropped(id: last.id)
    try rename(DeviceNames.last, to: name, .notReplacing)
    return drop(name)
  }

  private borrowing func carryOut(_ wipe: PendingReset.Wipe) throws(InstallError) -> [DeviceChange]
  {
    _ = drop(DeviceNames.emptied)
    let opened: Descriptor?
    do throws(InstallError) { opened = try directory.openSubvolume(wipe.name) } catch {
      // Somebody has put something else there: that is not what was to be wiped.
      guard case .notSubvolume = error else { throw error }
      return []
    }
    guard let old = opened else { return [] }
    try attempt { () throws(SystemError) in
      guard try Subvolume.info(of: old).uuid == wipe.uuid else { return }
      try Subvolume.create(DeviceNames.emptied, in: directory)
      let new = try directory.open(beneath: DeviceNames.emptied, [.directory, .noFollow])
      try InodeCopy.copyMetadata(from: old, to: new)
      try directory.rename(DeviceNames.emptied, to: wipe.name, .exchanging)
    }
    try commit()
    return [.wiped(name: wipe.name)]
      + drop(DeviceNames.emptied).filter {
        if case .deleted = $0 { false } else { true }
      }
  }
}

extension [DeviceChange] {
  /// Whether a factory reset could not be finished.
  var isResetUnfinished: Bool {
    contains { if case .resetUnfinished = $0 { true } else { false } }
  }

  /// Checks that recovery left no factory reset unfinished. What became current now would take its
  /// system's place, and what was to be wiped would stay.
  func requireFinishedReset() throws(InstallError) {
    for case .resetUnfinished(let error) in self { throw .resetUnfinished(error) }
  }
}

extension Device {
  /// What a factory reset has still to do away with, by name; nothing, if none is unfinished.
  func leftOfReset() throws(InstallError) -> [String] {
    guard let reset = try StateDirectory(ifIn: directory)?.reset(),
      try subvolume(DeviceNames.current)?.uuid == reset.system
    else { return [] }
    let present = try subvolumes()
    var names = reset.wipes.filter { wipe in
      present.contains { $0.text == wipe.name && $0.uuid == wipe.uuid }
    }.map(\.name)
    if !reset.keepsLast, present.contains(where: { $0.text == DeviceNames.last }) {
      names.append(DeviceNames.last)
    }
    return names
  }
}
