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

  /// Makes a version's snapshot the system that boots next, and keeps the present one as last.
  ///
  /// What was last before is deleted. The version floor rises to the version.
  ///
  /// - Parameters:
  ///   - version: which one; the highest that is installed, if none is given.
  ///   - list: what the new system takes over from the present one: what runs now if it is current
  ///     or last, else current. A rollback copies nothing back.
  /// - Returns: what was done besides: recovery, and what became of the previous last.
  /// - Throws: ``InstallError/noSuchVersion(_:)``, ``InstallError/versionNotReadOnly(_:)``, and
  ///   what ``recover()`` throws. If it throws, the device boots what it booted before, or the
  ///   journal says what to finish.
  @discardableResult
  public func activate(
    _ version: SystemVersion? = nil, carryingOver list: PersistList = .none
  ) throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "activate")
    let recovered = try device.recover()
    let installed = try installedVersions().map(\.version)
    guard let version = version ?? installed.max() else { throw .noSuchVersion(nil) }
    return try recovered + device.activate(version, carryingOver: list)
  }

  /// Makes last the system that boots next, and keeps the present one as last.
  ///
  /// - Returns: what was done besides: recovery.
  /// - Throws: ``InstallError/nothingToRollBack``, and what ``recover()`` throws.
  @discardableResult
  public func rollBack() throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "rollback")
    let recovered = try device.recover()
    return try recovered + device.rollBack()
  }
}
