/// What a device boots, and how safely.
public struct BootSummary: Hashable, Sendable {
  /// What the boot loader goes by: ``BootBackend/name``.
  public var backend: String
  /// The trial of what is current; `nil` if that is good. Its tries left are what the loader says,
  /// where that counts.
  public var trial: Trial?
  /// The last trial that failed; `nil` if there was none, or its version was good later.
  public var failure: TrialFailure?
  /// Why the loader does not boot what is current, or cannot be asked; `nil` if all is well.
  public var problem: String?
  /// What keeps trial boots from being as safe as they could be.
  public var warnings: [BootWarning]
}

extension Device {
  /// What the records and the loader say.
  func bootSummary(_ origins: SnapshotOrigins) throws(InstallError) -> BootSummary {
    var (trials, failure): ([Trial], TrialFailure?) = ([], nil)
    if let state = try StateDirectory(ifIn: directory) {
      trials = try state.trials()
      failure = try state.failure()
    }
    let disk = try BootDisk(
      in: directory, origins: origins, trials: trials, running: runningSystem())
    var summary = BootSummary(
      backend: boot.name, trial: nil, failure: failure, problem: nil, warnings: boot.warnings())
    guard let current = disk.system(named: DeviceNames.current) else { return summary }
    summary.trial = trials.first { $0.system == current.uuid }
    do throws(BootError) { try ask(boot, of: current, disk, &summary) } catch {
      summary.problem = "the boot loader cannot be asked: \(error)"
    }
    return summary
  }

  private func ask(
    _ boot: any BootBackend, of current: BootSystem, _ disk: borrowing BootDisk,
    _ summary: inout BootSummary
  ) throws(BootError) {
    let primary = try boot.primary(disk)
    if primary?.uuid != current.uuid {
      let name = primary?.name ?? "something else"
      summary.problem = "the boot loader starts \(name), not \(DeviceNames.current)"
    }
    guard summary.trial != nil, boot.countsTries else { return }
    switch try boot.state(of: current, disk) {
    case .trial(let triesLeft): summary.trial?.triesLeft = triesLeft
    case .bad: summary.trial?.triesLeft = 0
    case .good: break
    }
  }
}
