internal import Btrfs
internal import Bytes
internal import Linux

extension LockedDevice {
  /// The longest time that the space of a deleted version is waited for.
  private static let patience = Duration.seconds(120)

  /// Deletes old versions until an update has room, or as a policy says.
  ///
  /// - Returns: what was deleted.
  borrowing func makeRoom(
    for checks: borrowing UpdateChecks, _ policy: PrunePolicy, on device: borrowing Device,
    parent: SubvolumeUUID?
  ) throws(InstallError) -> [DeviceChange] {
    switch policy {
    case .never: return []
    case .always(let count):
      let plan = try device.prunePlan(keeping: count, parent: parent)
      let report = try delete(plan)
      try waitForSpace(ofSubvolumes: plan.candidates.map(\.subvolumeID))
      return report.deleted.map { .deleted(name: DeviceNames.version($0.version)) }
    case .whenShort(let count):
      var changes: [DeviceChange] = []
      let plan = try device.prunePlan(keeping: count, parent: parent)
      for candidate in plan.candidates where try isShort(checks) {
        let report = try delete(plan.only(candidate))
        try waitForSpace(ofSubvolumes: [candidate.subvolumeID])
        changes += report.deleted.map { .deleted(name: DeviceNames.version($0.version)) }
      }
      return changes
    }
  }

  private func isShort(_ checks: borrowing UpdateChecks) throws(InstallError) -> Bool {
    do throws(InstallError) {
      try checks.checkSpace(in: directory)
      return false
    } catch {
      switch error {
      case .notEnoughSpace(let needed, _), .notEnoughMetadataSpace(let needed, _),
        .quotaReached(_, let needed, _):
        // What is larger than the disk will never fit, whatever is deleted.
        let space = try attempt { () throws(SystemError) in try FileSystem.space(in: directory) }
        guard needed <= space.deviceBytes else { throw error }
        return true
      default: throw error
      }
    }
  }

  /// Waits until the kernel has given back what deleted subvolumes held; not for ever: then there
  /// is too little room.
  func waitForSpace(ofSubvolumes ids: [UInt64]) throws(InstallError) {
    if ids.isEmpty { return }
    let end = Machine.monotonicTime() + Self.patience
    for id in ids {
      repeat {
        try commit()
        let isThere = try attempt { () throws(SystemError) in
          try FileSystem.isBeingDeleted(subvolume: id, in: directory)
        }
        if !isThere { break }
        Machine.sleep(.milliseconds(50))
      } while Machine.monotonicTime() < end
    }
    // What was freed may be used only after another one.
    try commit()
  }
}

extension PrunePlan {
  fileprivate func only(_ version: InstalledVersion) -> PrunePlan {
    var plan = self
    plan.candidates = [version]
    return plan
  }
}
