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
    var info: SubvolumeInfo
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
    self.version == version.version || info.parentUUID == version.uuid || info.uuid == version.uuid
  }
}

extension Device {
  /// What may be deleted now.
  func prunePlan(keeping count: Int, parent: SubvolumeUUID?) throws(InstallError) -> PrunePlan {
    let origins = try StateDirectory(ifIn: directory)?.origins()
    var users: [PrunePlan.User] = []
    let running = try attempt { () throws(SystemError) in try RunningRoot.subvolume() }
    let systems: [(SubvolumeInfo?, PruneRefusal)] = [
      (try subvolume(DeviceNames.current), .madeCurrent),
      (try subvolume(DeviceNames.last), .madeLast), (running, .running),
    ]
    for (info, reason) in systems {
      guard let info else { continue }
      users.append(
        PrunePlan.User(info: info, version: origins?.versions[info.uuid], reason: reason))
    }
    return PrunePlan(try installedVersions(), keeping: count, users: users, parent: parent)
  }
}
