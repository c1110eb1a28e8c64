internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// `btrfs-update apply`
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Verify an update file and make its version beside what there is.",
    discussion: """
      The running system is not touched: `activate`, or --activate, makes the new version the one \
      that boots next.
      """)

  @Argument(help: "The update file, or - for standard input.") var file: String
  @OptionGroup var root: RootOptions
  @OptionGroup var trust: TrustOptions
  @Flag(help: "Activate the version at once.") var activate = false
  @OptionGroup var trial: TrialOptions
  @OptionGroup var reboot: RebootOption
  @Flag(help: "Install a version that is older than what the device has had.")
  var forceDowngrade = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.device(loaded)
    let options = try trust.options(loaded.configuration, forcesDowngrade: forceDowngrade)
    let source = file == "-" ? try Descriptor.standardInput() : try Descriptor.open(file)
    let reporter = ProgressReporter(progress)
    defer { reporter.finish() }
    let installation = try device.apply(source, options, observer: reporter.show)
    reporter.finish()
    Changes.print(installation.changes)
    print("version \(installation.version) is installed")
    guard activate else { return }
    Changes.print(try device.activate(installation.version, tries: trial.tries))
    print(DeviceReport.outcome(try device.status()))
    try reboot.carryOut()
  }

  func validate() throws {
    guard activate || !reboot.reboot else {
      throw ValidationError("--reboot needs --activate: there is nothing new to boot")
    }
  }
}

/// What was done besides what was asked.
enum Changes {
  /// One line each, on standard error.
  static func print(_ changes: [DeviceChange]) {
    for change in changes { StandardError.write("btrfs-update: \(change)\n") }
  }
}

extension ProgressReporter {
  /// Shows how far an installation has come; ends it when a signal asked for that.
  func show(_ progress: InstallProgress) -> Bool {
    let name =
      switch progress.phase {
      case .checkingParent: "checking"
      case .receiving: "receiving"
      case .verifying: "verifying"
      case .syncing: "syncing"
      }
    show(name, done: progress.completed, of: progress.total)
    return !Interruption.isRequested
  }
}
