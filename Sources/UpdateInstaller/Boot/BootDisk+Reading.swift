internal import Btrfs
internal import Bytes
internal import Linux

extension BootDisk {
  /// The disk as it is now.
  init(
    in directory: borrowing Descriptor, origins: SnapshotOrigins, trials: [Trial],
    running: RunningSystem
  ) throws(InstallError) {
    var triesLeft: [SubvolumeUUID: Int] = [:]
    for trial in trials { triesLeft[trial.system] = trial.triesLeft }
    var systems: [BootSystem] = []
    for name in [DeviceNames.current, DeviceNames.last, DeviceNames.next] {
      guard let info = try directory.subvolume(name) else { continue }
      var version = origins.versions[info.uuid]
      if version == nil { version = try Self.version(of: info, in: directory) }
      systems.append(
        BootSystem(name: name, uuid: info.uuid, subvolumeID: info.id, version: version))
    }
    let duplicate = try attempt { () throws(SystemError) in try directory.duplicate() }
    self.init(directory: duplicate, systems: systems, running: running, trials: triesLeft)
  }

  /// The version that a snapshot's source is.
  private static func version(
    of info: SubvolumeInfo, in directory: borrowing Descriptor
  ) throws(InstallError) -> SystemVersion? {
    let present = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    for source in present where source.uuid == info.parentUUID {
      if let version = DeviceNames.version(named: source.text) { return version }
    }
    return nil
  }
}
