internal import ArgumentParser
internal import CommandSupport
internal import Recompress
internal import Signing
internal import UpdateBuilder
internal import UpdateFile

/// `btrfs-delta squash`
struct SquashCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "squash",
    abstract: "Make one update of several that follow one another.",
    discussion: """
      From v1-v2 and v2-v3 comes v1-v3. Versions, product, and which keys are brought and revoked, are \
      those of the updates. They have to be verified with --public-key, unless --unverified says that \
      they need not. Their trees are kept beside the output meanwhile; neither btrfs nor root is needed.
      """)

  @Argument(help: "The update files, in their order.") var files: [String]
  @Option(help: "The tree that the first update was built against; a full one needs none.")
  var parent: String?
  @OptionGroup var chain: ChainArguments
  @Option(help: "The private key that signs; may be given several times.") var key: [String] = []
  @Flag(help: "Sign nothing yet: `sign` or `attach-signature` do it later.") var unsigned = false
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @Option(help: "The version of the send stream that the update stands for.") var proto: UInt16 = 2
  @Option(help: "How much memory applying may take, such as 64M.")
  var maxApplyMemory = ByteCount(BuildOptions.standardApplyMemory)
  @Option(help: "Which compressed data to open: auto, off, or some of deflate,xz,zstd.")
  var recompress = RecompressKinds.auto
  @Option(help: "The libzstd that devices have, such as 1.5.7; without it no zstd is made there.")
  var deviceZstd: String?
  @Option(name: .short, help: "How many files to compare at a time. [default: all processors]")
  var jobs: Int?
  @Flag(help: "Let the last version be older than the first: a way back, for service.")
  var allowOlder = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto
  @Flag(help: "Print the result as JSON.") var json = false

  func validate() throws {
    guard !files.isEmpty else { throw ValidationError("no update is given") }
    guard key.isEmpty == unsigned else {
      throw ValidationError(
        unsigned
          ? "--unsigned and --key exclude each other"
          : "--key is missing: an update is always signed (or --unsigned, to be signed elsewhere)")
    }
    guard (1...2).contains(proto) else { throw ValidationError("--proto is 1 or 2") }
    guard (jobs ?? 1) >= 1 else { throw ValidationError("-j is at least 1") }
  }

  func run() async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let report = try await UpdateBuilder.build(
      try options(),
      progress: BuildProgress { step, done, total in
        reporter.show(step.rawValue, done: done, of: total)
        return !Interruption.isRequested
      })
    reporter.finish()
    print(json ? BuildOutput.json(report, output).text : BuildOutput.text(report, output))
  }

  private func options() throws -> BuildOptions {
    var options = try BuildOptions(
      squashing: files, parent: parent, trust: chain.trust(),
      output: output, keys: KeyFiles.signingKeys(key))
    options.isUnsigned = unsigned
    options.allowsOlder = allowOlder
    options.streamVersion = proto
    options.maximumApplyMemory = maxApplyMemory.bytes
    options.recompressKinds = recompress.kinds
    options.deviceZstd = deviceZstd
    options.jobs = min(jobs ?? Processors.count, Processors.mostJobs)
    options.builder = "btrfs-delta \(ProgramVersion.text)"
    if let date = try SourceDate.environment() { options.date = date }
    return options
  }
}
