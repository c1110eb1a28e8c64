internal import Bytes
public import Linux
internal import UpdateFile

extension Device {
  /// Makes a system known that came to the device in an image or archive: as the version that a signed
  /// update says it is.
  ///
  /// What is there is compared, by its contents, with what the update starts from and with what it
  /// makes. A read-only snapshot of it becomes `sys_root_vN`, which updates start from as from one
  /// that was installed. Modification times may differ: image builders lose nanoseconds. Done
  /// again, it changes nothing; whatever fails, the device stays as it was.
  ///
  /// - Parameters:
  ///   - name: the subvolume, beside `sys_root_current`; `.` is the directory that holds them, if it is
  ///     a subvolume: without what belongs to the device itself.
  ///   - source: the update; it is read to the end of its head.
  ///   - options: whom to trust, and what this device is.
  ///   - observer: is told how far it has come, and may end it.
  /// - Throws: ``InstallError``, among them ``InstallError/noSubvolume(name:)`` and
  ///   ``InstallError/notAdoptable(name:parent:target:)``.
  public func adopt(
    _ name: String = DeviceNames.current, by source: borrowing Descriptor,
    _ options: InstallOptions, observer: InstallObserver = { _ in true }
  ) throws(InstallError) -> Adoption {
    let head = try UpdateSource(source).readHead()
    // Before anything is touched; unless there is something to recover.
    if try !hasJournal() { try head.admitted(by: options, keys()) }
    let device = try LockedDevice(self, for: "adopt")
    let changes = try device.recover()
    // Only now nobody else can revoke a key any more.
    let verified = try head.admitted(by: options, device.state.keys())
    let checks = UpdateChecks(manifest: verified.manifest, options: options)
    try checks.checkKeys(device.state.keys())
    var adoption = try device.adopt(name, as: verified, checks, observer)
    adoption.changes = changes + adoption.changes
    return adoption
  }
}
