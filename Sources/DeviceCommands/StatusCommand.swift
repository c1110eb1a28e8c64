internal import ArgumentParser
internal import CommandSupport
internal import UpdateInstaller

/// `btrfs-update status`
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what is current, what is last, and what is installed.")

  @OptionGroup var root: RootOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let status = try root.open().status()
    try StandardOutput.write(
      json ? DeviceReport.json(status).text : DeviceReport.text(status))
  }
}

/// `btrfs-update list`
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the installed versions, the oldest first.")

  @OptionGroup var root: RootOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let versions = try root.open().installedVersions()
    if json {
      try StandardOutput.write(JSONValue.array(versions.map { DeviceReport.json($0) }).text)
    } else {
      for version in versions { try StandardOutput.write(DeviceReport.text(version)) }
    }
  }
}

/// `btrfs-update verify`
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read an installed version whole and compare it with its verified manifest.")

  @Argument(help: "The version. [default: the newest]") var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    let device = try root.open()
    guard let version = try version ?? device.installedVersions().last?.version else {
      throw InstallError.noSuchVersion(nil)
    }
    let reporter = ProgressReporter(progress)
    defer { reporter.finish() }
    try device.verify(version, observer: reporter.show)
    reporter.finish()
    try StandardOutput.write("version \(version) is what was signed")
  }
}
