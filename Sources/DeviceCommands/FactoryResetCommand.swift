internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import UpdateInstaller

/// `btrfs-update factory-reset`
struct FactoryResetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "factory-reset",
    abstract:
      "Begin afresh from an installed version; what the present system was changed by goes.",
    discussion: """
      A new snapshot of the version becomes sys_root_current; what was current before is deleted, \
      once it runs no more. The version must have been found good on this device. Deleting is not \
      overwriting: with the right tools, data can be read from the disk until it is used again.
      """)

  @Argument(help: "The version. [default: that of sys_root_current]") var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @Option(help: "A file or directory that stays nevertheless, besides Persist= of [FactoryReset].")
  var keep: [String] = []
  @Option(
    help: """
      A subvolume beside sys_root_current that becomes an empty one, besides Subvolumes= of \
      [FactoryReset].
      """)
  var wipe: [String] = []
  @Flag(help: "Leave what is current as sys_root_last, with all that is in it.")
  var keepLast = false

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.open(loaded)
    let configured = loaded.configuration.factoryReset
    let list = try PersistOptions.list(configured.persist + keep, option: "--keep or Persist=")
    Changes.print(
      try device.factoryReset(
        to: version, keeping: list, wiping: configured.subvolumes + wipe, keepsLast: keepLast))
    let current = try device.status().current?.version
    print(
      "version \(current.map { "\($0)" } ?? "?") is current, afresh: it runs after the next boot")
  }
}
