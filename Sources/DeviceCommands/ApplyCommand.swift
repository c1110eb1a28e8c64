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
  @OptionGroup var persist: PersistOptions
  @Flag(help: "If there is too little room, delete the oldest versions first, like `prune`.")
  var prune = false
  @Option(
    help: "How many of the newest versions --prune keeps. [default: KeepVersions= of [Update]]")
  var keep: Int?
  @Flag(inversion: .prefixedNo, help: "Go on where an interrupted apply of the same file was.")
  var resume = true
  @Option(help: "How much of the send stream is applied at least before it can be gone on from.")
  var checkpointSize = ByteCount(InstallOptions.standardCheckpointInterval)
  @Flag(help: "Print JSON when it is done.") var json = false
  @Flag(help: "Install a version that is older than what the device has had.")
  var forceDowngrade = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func validate() throws {
    guard keep ?? 0 >= 0 else { throw ValidationError("--keep must not be negative") }
    guard activate || !reboot.reboot else {
      throw ValidationError("--reboot needs --activate: there is nothing new to boot")
    }
  }

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.open(loaded)
    let options = try installOptions(loaded.configuration)
    // Before anything is done.
    let list = try persist.list(loaded.configuration)
    let source = file == "-" ? try Descriptor.standardInput() : try Descriptor.open(file)
    let reporter = ProgressReporter(progress)
    defer { reporter.finish() }
    let installation = try device.apply(source, options, observer: reporter.show)
    reporter.finish()
    Changes.print(installation.changes)
    if !json { Self.say(installation) }
    if activate {
      let tries = trial.tries(loaded.configuration)
      Changes.print(
        try device.activate(installation.version, tries: tries, carryingOver: list))
      if !json { print(DeviceReport.outcome(try device.status())) }
    }
    if json { try StandardOutput.write(Self.json(installation, isActivated: activate).text) }
    if activate { try reboot.carryOut() }
  }

  private func installOptions(_ configuration: DeviceConfiguration) throws -> InstallOptions {
    var options = try trust.options(
      configuration, root.configuration.trustedFiles, forcesDowngrade: forceDowngrade)
    options.makeRoom(as: configuration.update, prunes: prune, keeping: keep)
    options.resumes = resume
    options.checkpointInterval = checkpointSize.bytes
    return options
  }

  private static func say(_ installation: Installation) {
    // Not for scripts, which take JSON.
    if installation.skippedSections > 0 {
      StandardError.write(
        "btrfs-update: went on behind section \(installation.skippedSections), where it was "
          + "interrupted\n")
    }
    let written = installation.bytesWritten.map { ", \(ByteCount($0)) were written to the disk" }
    print("version \(installation.version) is installed\(written ?? "")")
  }

  private static func json(_ installation: Installation, isActivated: Bool) -> JSONValue {
    .object([
      ("version", .unsigned(installation.version.number)),
      ("uuid", .string("\(installation.uuid)")),
      ("signers", .array(installation.signers.map { .string("\($0)") })),
      ("signedTimes", .bool(installation.hasSignedTimes)),
      ("bytesWritten", installation.bytesWritten.map { .unsigned($0) } ?? .null),
      ("skippedSections", .number(Int64(installation.skippedSections))),
      ("activated", .bool(isActivated)),
      ("changes", .array(installation.changes.map { .string("\($0)") })),
    ])
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
