internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import UpdateInstaller

/// `btrfs-update prune`
struct PruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Delete the oldest installed versions.",
    discussion: """
      The newest ones stay, and what current and last were made of: the next update starts from \
      there. Nothing that runs, is mounted or is the default subvolume is deleted. What comes back \
      is known where quotas are on.
      """)

  @Option(help: "How many of the newest versions stay. [default: KeepVersions= of [Update]]")
  var keep: Int?
  @OptionGroup var root: RootOptions
  @Flag(help: "Only say what would be deleted.") var dryRun = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard keep ?? 0 >= 0 else { throw ValidationError("--keep must not be negative") }
  }

  func run() async throws {
    let loaded = try root.configuration.load()
    let report = try root.open(loaded).prune(
      keeping: keep ?? loaded.configuration.update.keepVersions, isRehearsal: dryRun)
    Changes.print(report.changes)
    if json {
      try StandardOutput.write(Self.json(report, isRehearsal: dryRun).text)
    } else {
      for line in Self.lines(report, isRehearsal: dryRun) { print(line) }
    }
  }

  private static func lines(_ report: PruneReport, isRehearsal: Bool) -> [String] {
    let deleted = report.deleted.map { deletion in
      let bytes = deletion.bytes.map { ", which gives back at least \(ByteCount($0))" } ?? ""
      return "\(isRehearsal ? "would delete" : "deleted") version \(deletion.version)\(bytes)"
    }
    return deleted + report.kept.map { "kept version \($0.version): \($0.reason)" }
  }

  private static func json(_ report: PruneReport, isRehearsal: Bool) -> JSONValue {
    .object([
      ("dryRun", .bool(isRehearsal)),
      (
        "deleted",
        .array(
          report.deleted.map { deletion in
            .object([
              ("version", .unsigned(deletion.version.number)),
              ("uuid", .string("\(deletion.uuid)")),
              ("bytes", deletion.bytes.map { .unsigned($0) } ?? .null),
            ])
          })
      ),
      (
        "kept",
        .array(
          report.kept.map {
            .object([
              ("version", .unsigned($0.version.number)), ("reason", .string("\($0.reason)")),
            ])
          })
      ),
    ])
  }
}
