internal import Btrfs
internal import Bytes
internal import Linux

extension Device {
  /// What is on the disk now. Changes nothing and takes no lock, so what is being done by another
  /// process at this moment may show half of it.
  public func status() throws(InstallError) -> DeviceStatus {
    let state = try StateDirectory(ifIn: directory)
    let versions = try installedVersions()
    var origins = SnapshotOrigins()
    var (floor, pending): (SystemVersion?, JournalEntry?)
    var point: ResumePoint?
    var keys = DeviceKeys()
    if let state {
      origins = try state.origins()
      floor = try state.floor()
      keys = try state.keys()
      pending = try state.journal()
      point = try state.resumePoint()
    }
    if let found = point, try !found.isUsable(in: directory) { point = nil }
    return DeviceStatus(
      current: try system(DeviceNames.current, versions, origins),
      last: try system(DeviceNames.last, versions, origins),
      versions: versions, floor: floor, keys: keys, boot: try bootSummary(origins),
      pending: pending, halfInstalled: point.map(HalfInstalledVersion.init),
      leftOfReset: try leftOfReset(),
      leftovers: try subvolumes().map(\.text)
        .filter { LockedDevice.isLeftover($0) && $0 != point?.name })
  }

  /// The system under a name; `nil` if there is none.
  func system(_ name: String) throws(InstallError) -> BootableSystem? {
    let origins = try StateDirectory(ifIn: directory)?.origins()
    return try system(name, installedVersions(), origins ?? SnapshotOrigins())
  }

  private func system(
    _ name: String, _ versions: [InstalledVersion], _ origins: SnapshotOrigins
  ) throws(InstallError) -> BootableSystem? {
    guard let info = try subvolume(name) else { return nil }
    let source = versions.first { $0.uuid == info.parentUUID }
    return BootableSystem(
      uuid: info.uuid, version: origins.versions[info.uuid] ?? source?.version,
      isRunning: info.uuid == runningSystem().uuid, creationTime: info.creationTime)
  }

  /// The pristine versions, the oldest first.
  public func installedVersions() throws(InstallError) -> [InstalledVersion] {
    try subvolumes().compactMap { info in
      DeviceNames.version(named: info.text).map { InstalledVersion($0, info) }
    }
    .sorted { $0.version < $1.version }
  }

  func subvolumes() throws(InstallError) -> [SubvolumeInfo] {
    try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
  }

  /// What runs here.
  func runningSystem() -> RunningSystem { running ?? .detected() }
}

extension InstalledVersion {
  init(_ version: SystemVersion, _ info: SubvolumeInfo) {
    self.init(
      version: version, uuid: info.uuid, subvolumeID: info.id, receivedUUID: info.receivedUUID,
      isReadOnly: info.isReadOnly,
      isUntouched: info.receivedUUID.isZero ? nil : info.isUntouchedSinceReceive,
      creationTime: info.creationTime)
  }
}

extension HalfInstalledVersion {
  init(_ point: ResumePoint) {
    self.init(
      version: point.version, sectionsDone: point.section, sectionCount: point.sectionCount)
  }
}

extension SubvolumeInfo {
  /// Its name as text.
  var text: String { String(decoding: name, as: UTF8.self) }
}
