internal import Btrfs
internal import Bytes
internal import Linux

// What the boot backend is told, and asked. It is shown the disk as it is at that moment.
extension LockedDevice {
  /// The disk, as backends see it.
  func bootDisk() throws(InstallError) -> BootDisk {
    try BootDisk(
      in: directory, origins: state.knownOrigins(), trials: state.trials(), running: running)
  }

  /// The trial of what is called current; `nil` if that is good.
  func trialInForce() throws(InstallError) -> Trial? {
    guard let current = try uuid(DeviceNames.current) else { return nil }
    return try state.trials().first { $0.system == current }
  }

  /// Puts what the loader needs of a system where it reads it.
  func prepareLoader(for name: String) throws(InstallError) {
    let disk = try bootDisk()
    guard let system = disk.system(named: name), let root = try directory.openSubvolume(name)
    else { return }
    try attemptBackend { () throws(BootError) in try boot.prepare(system, root: root, disk) }
  }

  /// Makes what is called current boot next, on trial if the records say so.
  func setPrimaryToCurrent() throws(InstallError) {
    let disk = try bootDisk()
    guard let system = disk.system(named: DeviceNames.current) else { return }
    let tries = disk.trials[system.uuid]
    try attemptBackend { () throws(BootError) in try boot.setPrimary(system, tries: tries, disk) }
  }

  /// Tells the loader what was found out about a system.
  func setLoaderState(_ verdict: BootVerdict, of uuid: SubvolumeUUID) throws(InstallError) {
    let disk = try bootDisk()
    guard let system = disk.system(uuid) else { return }
    try attemptBackend { () throws(BootError) in try boot.setState(verdict, of: system, disk) }
  }

  /// Removes what the loader has of systems that are neither current nor last. Keeps nobody from
  /// anything: what is left over is in nobody's way until the room is needed.
  func cleanLoader() -> [DeviceChange] {
    do throws(InstallError) {
      let disk = try bootDisk()
      let kept = disk.systems.filter { $0.name != DeviceNames.next }
      try attemptBackend { () throws(BootError) in try boot.retain(kept, disk) }
    } catch {
      if case .boot(let error) = error { return [.loaderNotCleaned(error)] }
      // What cannot be read now, the next activation reads.
    }
    return []
  }
}
