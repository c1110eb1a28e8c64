extension Device {
  /// Marks the system on trial good: it is not left any more, and the version floor rises to it.
  ///
  /// What runs must be what is on trial, so that a unit of the old system says nothing about a new
  /// one that was never booted. Outside a trial nothing happens but that the floor is raised to what
  /// runs, which on a device set up from an image nothing else does.
  ///
  /// - Parameter version: the version that is judged, where it does not run, or that cannot be told.
  /// - Returns: what is good now, and what was done besides.
  /// - Throws: ``InstallError/notBooted(_:)``, ``InstallError/notOnTrial(_:)`` if `version` is not,
  ///   ``InstallError/boot(_:)``, and what ``recover()`` throws.
  @discardableResult
  public func markGood(_ version: SystemVersion? = nil) throws(InstallError) -> MarkedGood {
    let device = try LockedDevice(self, for: "mark-good")
    let recovered = try device.recover()
    var marked = try device.markGood(version)
    marked.changes = recovered + marked.changes
    return marked
  }

  /// Marks the system on trial bad: last becomes current again, and the failure is recorded.
  ///
  /// - Parameters:
  ///   - version: as for ``markGood(_:)``.
  ///   - reason: why, as ``status()`` will say; see ``TrialFailure/maximumReasonLength``.
  /// - Returns: what was done besides.
  /// - Throws: ``InstallError/notBooted(_:)``, ``InstallError/notOnTrial(_:)``,
  ///   ``InstallError/nothingToRollBack``, ``InstallError/boot(_:)``, and what ``recover()`` throws.
  @discardableResult
  public func markBad(
    _ version: SystemVersion? = nil, reason: String
  ) throws(InstallError) -> [DeviceChange] {
    let device = try LockedDevice(self, for: "mark-bad")
    let recovered = try device.recover()
    return try recovered + device.markBad(version, reason: reason)
  }

  /// What has to happen early in every boot, before root is mounted: recovers, counts a try of the
  /// system on trial, or goes back to the one before it if its tries are used up.
  ///
  /// The same boot counts once. This does not throw, since nothing may keep a device from booting:
  /// what went wrong is in the result, and what is current is booted.
  public func checkBoot() -> BootCheck {
    var check = BootCheck()
    do throws(InstallError) {
      // Nothing was ever activated here.
      guard try StateDirectory(ifIn: directory) != nil else { return check }
      let device = try LockedDevice(self, for: "boot-check", boot: backendOfBoot())
      do throws(InstallError) { check.changes = try device.recover() } catch {
        check.problem = error
      }
      // What is only left over keeps nobody from counting; a journal does.
      if try device.readJournal() == nil { check.outcome = try device.checkBoot() }
    } catch { check.problem = check.problem ?? error }
    do throws(InstallError) { check.current = try system(DeviceNames.current) } catch {
      check.problem = check.problem ?? error
    }
    return check
  }
}
