internal import ArgumentParser
internal import Configuration
internal import UpdateInstaller

/// `btrfs-update activate`
struct ActivateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activate",
    abstract: "Make a version the one that boots next.",
    discussion: """
      A writable snapshot of the version becomes sys_root_current, in one step that a power cut \
      cannot halve; what was current becomes sys_root_last. The new system is on trial until it is \
      marked good: when its tries are used up, boot-check brings the one before it back. Activating \
      during a trial replaces the system on trial, and sys_root_last stays.
      """)

  @Argument(help: "The version. [default: the newest]") var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @OptionGroup var trial: TrialOptions
  @OptionGroup var persist: PersistOptions
  @OptionGroup var reboot: RebootOption

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.open(loaded)
    let list = try persist.list(loaded.configuration)
    Changes.print(
      try device.activate(
        version, tries: trial.tries(loaded.configuration), carryingOver: list))
    print(DeviceReport.outcome(try device.status()))
    try reboot.carryOut()
  }
}

/// `btrfs-update rollback`
struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Exchange current and last: what ran before boots next.",
    discussion: """
      A system on trial has failed then. Rolling back again, to a system that failed before, puts it \
      on trial once more.
      """)

  @OptionGroup var root: RootOptions
  @OptionGroup var reboot: RebootOption

  func run() async throws {
    let device = try root.open()
    Changes.print(try device.rollBack())
    print(DeviceReport.outcome(try device.status()))
    try reboot.carryOut()
  }
}

/// `btrfs-update recover`
struct RecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Bring what was interrupted to its end, or take it back.",
    discussion: "Every command that changes something does this first. Without work it just ends.")

  @OptionGroup var root: RootOptions

  func run() async throws {
    let changes = try root.open().recover()
    for change in changes { print(change) }
  }
}
