internal import ArgumentParser
internal import CommandSupport
internal import UpdateInstaller

/// `btrfs-update mark`
struct MarkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mark", abstract: "End the trial of a system: it is good, or it is bad.",
    subcommands: [MarkGoodCommand.self, MarkBadCommand.self])
}

/// `btrfs-update mark good`
struct MarkGoodCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "good",
    abstract: "Keep the system on trial; nothing older can be installed from then on.",
    discussion: """
      What runs must be what is on trial. Whoever names the version says so himself, for example \
      from a rescue system. Without a trial it just ends.
      """)

  @Argument(help: "The version on trial. [default: it must be what runs]")
  var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @OptionGroup var wait: WaitOption

  func run() async throws {
    var device = try root.open()
    device.patience = wait.patience
    let marked = try device.markGood(version)
    Changes.print(marked.changes)
    print(DeviceReport.line(marked))
  }
}

/// `btrfs-update mark bad`
struct MarkBadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bad",
    abstract: "Give up the system on trial: what ran before boots next.")

  @Argument(help: "The version on trial. [default: it must be what runs]")
  var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @Option(help: "Why, for `status` to say.") var reason = "marked bad"
  @OptionGroup var wait: WaitOption
  @OptionGroup var reboot: RebootOption

  func run() async throws {
    var device = try root.open()
    device.patience = wait.patience
    Changes.print(try device.markBad(version, reason: reason))
    print(DeviceReport.outcome(try device.status()))
    try reboot.carryOut()
  }
}
