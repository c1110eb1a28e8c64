internal import ArgumentParser
internal import CommandSupport
internal import Linux
internal import Tree
internal import UpdateBuilder

/// `btrfs-delta diff`
struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Say what changed from one tree to another.",
    discussion: """
      A tree is a directory, a tar archive (plain, gzip, xz or zstd), or update:FILE,FILE: what updates \
      make, of the tree before. What differs only in its \
      modification time is counted, and listed with --times.
      """)

  @Argument(help: "The tree before.") var old: String
  @Argument(help: "The tree after.") var new: String
  @Flag(help: "List also what differs only in its modification time.") var times = false
  @Flag(help: "End with 51 if the trees differ.") var exitCode = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var ownership: OwnershipArguments
  @OptionGroup var parentOwnership: ParentOwnershipArguments
  @OptionGroup var chain: ChainArguments
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let reading = BuildProgress { _, done, _ in
      reporter.show("reading", done: done, of: 0)
      return !Interruption.isRequested
    }
    var context = ChainContext(trust: try chain.trust())
    let before = try TreeSource(text: old, ownership: parentOwnership.files, context: context)
      .catalog(reading)
    context.parent = before
    let after = try TreeSource(text: new, ownership: ownership.files, context: context)
      .catalog(reading)
    let changes: TreeChanges
    do throws(SystemError) {
      changes = try TreeChanges(from: before, to: after) { totals in
        reporter.show("comparing", done: totals.dataBytes, of: 0)
        return !Interruption.isRequested
      }
    } catch { throw error.errno == .canceled ? BuildError.cancelled : .system(error) }
    reporter.finish()
    let report = DiffReport(changes: changes, showsTimes: times)
    try StandardOutput.write(json ? report.json.text : report.text)
    let isSame = changes.isSame && !(times && changes.totals.onlyTimes > 0)
    if exitCode, !isSame { throw CommandFailure(.treesDiffer, "the trees differ") }
  }
}
