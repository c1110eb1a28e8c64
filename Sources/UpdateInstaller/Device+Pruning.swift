internal import Btrfs
internal import Bytes
internal import Linux

extension Device {
  /// Deletes the oldest pristine versions.
  ///
  /// Never deleted are the newest ones, what current and last were made of (the next update starts
  /// from one of them), what runs, and what is mounted or the default subvolume.
  ///
  /// - Parameters:
  ///   - count: how many of the newest stay.
  ///   - isRehearsal: only says what would be deleted: nothing is locked, recovered or changed.
  /// - Throws: what ``recover()`` throws. A version that cannot be deleted is no error: it is among
  ///   those kept.
  @discardableResult
  public func prune(
    keeping count: Int = PrunePolicy.defaultKept, isRehearsal: Bool = false
  ) throws(InstallError) -> PruneReport {
    guard !isRehearsal else {
      let plan = try prunePlan(keeping: count, parent: nil)
      let groups = quotaGroups()
      var report = PruneReport(kept: plan.kept)
      report.deleted = plan.candidates.map { $0.deletion(groups) }
      return report
    }
    let device = try LockedDevice(self, for: "prune")
    let changes = try device.recover()
    try device.commit()
    let plan = try prunePlan(keeping: count, parent: nil)
    var report = try device.delete(plan, quotaGroups())
    report.changes = changes
    if changes.isResetUnfinished, !report.deleted.isEmpty {
      try device.waitForSpace(ofSubvolumes: plan.candidates.map(\.subvolumeID))
      report.changes += try device.goOnWithReset()
    }
    return report
  }

  /// What deleting gives back; `nil` where that is not known.
  private func quotaGroups() -> QuotaGroups? {
    do throws(SystemError) {
      guard let quotas = try FileSystem.quotas(in: directory), quotas.isConsistent else {
        return nil
      }
      return quotas
    } catch { return nil }
  }
}

// Deleting a version, step by step. A power cut leaves a version whole, or gone: the kernel finishes
// deleting when it mounts the file system. A manifest without its version means nothing, and goes
// with the next command that changes something.
//
//  1. the subvolume goes, for each version
//  2. commit
//  3. the manifests of versions that are gone go
extension LockedDevice {
  /// Deletes what a plan says.
  borrowing func delete(
    _ plan: PrunePlan, _ quotas: QuotaGroups? = nil
  ) throws(InstallError) -> PruneReport {
    var report = PruneReport(kept: plan.kept)
    for version in plan.candidates { try delete(version, quotas, &report) }
    report.kept.sort { $0.version < $1.version }
    guard !report.deleted.isEmpty else { return report }
    try commit()
    try removeManifests()
    return report
  }

  private func delete(
    _ version: InstalledVersion, _ quotas: QuotaGroups?, _ report: inout PruneReport
  ) throws(InstallError) {
    let name = DeviceNames.version(version.version)
    guard let info = try subvolume(name), info.uuid == version.uuid else { return }
    if let reason = delete(name, info) {
      report.kept.append(PruneReport.Kept(version: version.version, reason: .kept(reason)))
    } else {
      report.deleted.append(version.deletion(quotas))
    }
  }

  private func removeManifests() throws(InstallError) {
    let names = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    try state.removeLeftovers(
      versions: Set(names.compactMap { DeviceNames.version(named: $0.text) }))
  }
}

extension InstalledVersion {
  fileprivate func deletion(_ quotas: QuotaGroups?) -> PruneReport.Deletion {
    PruneReport.Deletion(
      version: version, uuid: uuid,
      bytes: quotas?.groups[subvolumeID]?.exclusiveBytes)
  }
}
