internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// `btrfs-update adopt`
struct AdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract:
      "Make a system known that came in an image, as the version that an update says it is.",
    discussion: """
      The subvolume is compared, by its contents, with what the signed update starts from and with what \
      it makes. A read-only snapshot of it becomes sys_root_vN, from which updates can start. \
      Modification times may differ. What was modified is refused.
      """)

  @Argument(
    help: """
      The subvolume, beside sys_root_current; . is the directory that holds them, as mkfs.btrfs \
      --rootdir fills it.
      """)
  var subvolume = DeviceNames.current
  @Option(help: "An update from this version, or to it, or - for standard input; its head will do.")
  var update: String
  @OptionGroup var root: RootOptions
  @OptionGroup var trust: TrustOptions
  @Flag(help: "Adopt a version that is older than what the device has had.")
  var forceDowngrade = false
  @Flag(help: "Print JSON when it is done.") var json = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.open(loaded)
    let options = try trust.options(
      loaded.configuration, root.configuration.trustedFiles, forcesDowngrade: forceDowngrade)
    let source = update == "-" ? try Descriptor.standardInput() : try Descriptor.open(update)
    let reporter = ProgressReporter(progress)
    defer { reporter.finish() }
    let adoption = try device.adopt(subvolume, by: source, options, observer: reporter.show)
    reporter.finish()
    Changes.print(adoption.changes)
    try StandardOutput.write(json ? Self.json(adoption).text : Self.text(adoption))
  }

  private static func text(_ adoption: Adoption) -> String {
    let name = DeviceNames.version(adoption.version)
    let times = adoption.hasSignedTimes ? "" : "; modification times are not those that were signed"
    return adoption.wasThere
      ? "\(name) is what was signed\(times)" : "adopted as \(name)\(times)"
  }

  private static func json(_ adoption: Adoption) -> JSONValue {
    .object([
      ("version", .unsigned(adoption.version.number)), ("uuid", .string("\(adoption.uuid)")),
      ("signedTimes", .bool(adoption.hasSignedTimes)), ("wasThere", .bool(adoption.wasThere)),
      ("changes", .array(adoption.changes.map { .string("\($0)") })),
    ])
  }
}
