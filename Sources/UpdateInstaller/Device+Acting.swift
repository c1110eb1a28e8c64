internal import Linux

extension Device {
  /// Ends what a power cut or a kill interrupted, and deletes what is left over.
  ///
  /// - Returns: what was done; nothing, if there was nothing to do.
  /// - Throws: ``InstallError/busy(holder:)``, ``InstallError/recordCorrupt(name:_:)`` or
  ///   ``InstallError/journalMismatch(_:)``, and nothing was touched; or that of a failed call.
  @discardableResult
  public func recover() throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "recover")
    return try device.recover()
  }

  /// Makes a version's snapshot the system that boots next, on trial, and keeps the present one as
  /// last.
  ///
  /// What was last before is deleted. If the present system is on trial itself, it is the one that
  /// goes, and last stays: it is the last system that was good. The version floor rises only when the
  /// trial ends with ``markGood(_:)``; except for the first version of a device without any system,
  /// which has nothing to go back to and is good at once.
  ///
  /// - Parameters:
  ///   - version: which one; the highest that is installed, if none is given.
  ///   - tries: how many times it is started before the present system comes back; brought into
  ///     ``Trial/allowedTries``.
  ///   - list: what the new system takes over from the present one: what runs now if it is current
  ///     or last, else current. A rollback copies nothing back.
  /// - Returns: what was done besides: recovery, and what became of the previous last.
  /// - Throws: ``InstallError/noSuchVersion(_:)``, ``InstallError/versionNotReadOnly(_:)``,
  ///   ``InstallError/resetUnfinished(_:)``,
  ///   ``InstallError/boot(_:)``, and what ``recover()`` throws. If it throws, the device boots what
  ///   it booted before, or the journal says what to finish.
  @discardableResult
  public func activate(
    _ version: SystemVersion? = nil, tries: Int = Trial.defaultTries,
    carryingOver list: PersistList = .none
  ) throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "activate")
    let recovered = try device.recover()
    try recovered.requireFinishedReset()
    let installed = try installedVersions().map(\.version)
    guard let version = version ?? installed.max(),
      try subvolume(DeviceNames.version(version)) != nil
    else { throw .noSuchVersion(version) }
    let facts = try activationFacts(version)
    try hooks.ask(.preActivate, facts)
    let changes =
      try recovered + device.activate(version, tries: tries, carryingOver: list)
    return changes + hooks.tell(.postActivate, facts)
  }

  /// What hooks are told of a version that becomes current.
  func activationFacts(_ version: SystemVersion) throws(InstallError) -> HookFacts {
    var facts = HookFacts(directory)
    (facts.from, facts.to) = (try system(DeviceNames.current)?.version, version)
    facts.name = DeviceNames.version(version)
    return facts
  }

  /// Makes last the system that boots next, and keeps the present one as last.
  ///
  /// If the present one is on trial, that has failed, and the reason is recorded. If last is there
  /// because its own trial failed, it is on trial again.
  ///
  /// - Parameters:
  ///   - reason: why.
  ///   - failed: whether the present one has failed also if it is on no trial: it is recorded then.
  /// - Returns: what was done besides: recovery.
  /// - Throws: ``InstallError/nothingToRollBack``, ``InstallError/resetUnfinished(_:)``,
  ///   ``InstallError/boot(_:)``, and what ``recover()`` throws.
  @discardableResult
  public func rollBack(
    reason: String = "rolled back by hand", failed: Bool = false
  ) throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "rollback")
    let recovered = try device.recover()
    try recovered.requireFinishedReset()
    // Not all of the status: going back does not depend on records that it does not need.
    guard let last = try system(DeviceNames.last) else { throw .nothingToRollBack }
    var facts = HookFacts(directory)
    (facts.from, facts.to) = (try system(DeviceNames.current)?.version, last.version)
    facts.name = DeviceNames.last
    try hooks.ask(.preRollback, facts)
    let changes = try recovered + device.rollBack(reason: reason, failed: failed)
    facts.name = DeviceNames.current
    return changes + hooks.tell(.postRollback, facts)
  }
}
