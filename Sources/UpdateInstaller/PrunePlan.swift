internal import Btrfs
internal import Bytes
internal import Linux

/// Which versions may go, and which not.
struct PrunePlan {
  /// The oldest first.
  var candidates: [InstalledVersion] = []
  private(set) var kept: [PruneReport.Kept] = []

  /// A system that a version must stay for.
  struct User {
    var uuid: SubvolumeUUID
    /// What it is a snapshot of.
    var parentUUID: SubvolumeUUID?
    /// What the records say that it was made of.
    var version: SystemVersion?
    var reason: PruneRefusal
  }

  /// - Parameters:
  ///   - versions: what is installed, the oldest first.
  ///   - count: how many of the newest stay.
  ///   - users: what must not lose what it was made of.
  ///   - parent: what the update starts from that is to be applied.
  init(
    _ versions: [InstalledVersion], keeping count: Int, users: [User], parent: SubvolumeUUID?
  ) {
    let newest = Set(versions.suffix(max(0, count)).map(\.uuid))
    for version in versions {
      let user = users.first { $0.needs(version) }
      let reason: PruneRefusal? =
        version.uuid == parent
        ? .parent : user?.reason ?? (newest.contains(version.uuid) ? .newest : nil)
      guard let reason else {
        candidates.append(version)
        continue
      }
      kept.append(PruneReport.Kept(version: version.version, reason: reason))
    }
  }
}

extension PrunePlan.User {
  /// Either says so: the record of what it was made of, or the kernel.
  func needs(_ version: InstalledVersion) -> Bool {
    [uuid, parentUUID].contains(version.uuid) || self.version == version.version
  }
}

extension Device {
  /// What may be deleted now.
  func prunePlan(keeping count: Int, parent: SubvolumeUUID?) throws(InstallError) -> PrunePlan {
    let origins = try StateDirectory(ifIn: directory)?.origins()
    let current = try subvolume(DeviceNames.current)
    let last = try subvolume(DeviceNames.last)
    let running = try whatRuns()
    let systems: [(SubvolumeUUID?, SubvolumeUUID?, PruneRefusal)] = [
      (current?.uuid, current?.parentUUID, .madeCurrent), (last?.uuid, last?.parentUUID, .madeLast),
      (running.uuid, running.parentUUID, .running),
    ]
    let users = systems.compactMap { uuid, parent, reason in
      uuid.map {
        PrunePlan.User(
          uuid: $0, parentUUID: parent, version: origins?.versions[$0], reason: reason)
      }
    }
    return PrunePlan(try installedVersions(), keeping: count, users: users, parent: parent)
  }

  /// What runs, with its place in the directory where only its id is known.
  private func whatRuns() throws(InstallError) -> RunningSystem {
    var running = runningSystem()
    if let info = try subvolumes().first(where: { [running] in running.isIt($0) }) {
      (running.uuid, running.parentUUID) = (info.uuid, info.parentUUID)
    }
    return running
  }
}
