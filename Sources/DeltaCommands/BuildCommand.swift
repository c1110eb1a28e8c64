internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Signing
internal import UpdateBuilder
internal import UpdateFile

/// `btrfs-delta build`
struct BuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Build a signed update file from two trees, or from one in full.",
    discussion: """
      A tree is a read-only snapshot or any other directory. Versions come from the names: \
      sys_root_v41 is version 41. Without --parent the update is a full one, which needs nothing on \
      the device. Temporary files lie beside the output.

      --plan says where the commands come from: send has the kernel send one snapshot against the \
      other, which needs root; tree compares names and contents, of any two trees, as any user; \
      auto is send for related snapshots, as long as its stream is no longer, and else tree.
      """)

  @OptionGroup var ownership: OwnershipArguments
  @OptionGroup var parentOwnership: ParentOwnershipArguments
  @Option(
    help: """
      Which modification times the child is given: keep, clamp (none after SOURCE_DATE_EPOCH), or \
      content (the parent's, where nothing else differs).
      """)
  var times = TimesArgument.keep
  @Option(help: "The tree that devices have.") var parent: String?
  @Option(help: "The tree that they are to have.") var child: String
  @Option(help: "Where the commands come from: auto, tree or send.")
  var plan = BuildOptions.PlanKind.auto
  @Option(help: "The private key that signs; may be given several times.") var key: [String] = []
  @OptionGroup var chain: ChainArguments
  @Flag(help: "Sign nothing yet: `sign` or `attach-signature` do it later.") var unsigned = false
  @Option(help: "A public key to trust from this version on; may be given several times.")
  var addKey: [String] = []
  @Option(help: "A public key, or its id, to revoke for good; may be given several times.")
  var revokeKey: [String] = []
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @Option(help: "The kind of device that the update is for.") var compatible: String?
  @Option(help: "The version of the send stream that the update stands for.") var proto: UInt16 = 2
  @Option(help: "How much memory applying may take, such as 64M.")
  var maxApplyMemory = ByteCount(BuildOptions.standardApplyMemory)
  @Option(help: "Which compressed data to open: auto, off, or some of deflate,xz,zstd,bitstream.")
  var recompress = RecompressKinds.auto
  @Option(help: "The libzstd that devices have, such as 1.5.7; without it no zstd is made there.")
  var deviceZstd: String?
  @Option(help: "The longest file to compare whole, 1M to 1G; longer ones are compared in blocks.")
  var maxPatchInput = ByteCount(BuildOptions.standardMaximumPatchInput)
  @Option(help: "The shortest part of a file to share with the parent, or 0 to share none.")
  var minShared = ByteCount(BuildOptions.standardMinimumCloneLength)
  @Option(help: "How much of the send stream may have to be applied again after a power cut.")
  var cutSize = ByteCount(BuildOptions.standardMinimumSectionLength)
  @Option(name: .short, help: "How many files to compare at a time. [default: all processors]")
  var jobs: Int?
  @Option(help: "The parent's version, where its name says nothing.") var fromVersion: UInt64?
  @Option(help: "The child's version, where its name says nothing.") var toVersion: UInt64?
  @Flag(help: "Let the child be of an older version than the parent: a way back, for service.")
  var allowOlder = false
  @Option(help: "What the snapshots' names begin with.") var prefix = "sys_root"
  @Flag(help: "Do not expand the finished update again to compare it.") var noSelfCheck = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto
  @Flag(help: "Print the result as JSON.") var json = false

  func validate() throws {
    guard key.isEmpty == unsigned else {
      throw ValidationError(
        unsigned
          ? "--unsigned and --key exclude each other"
          : "--key is missing: an update is always signed (or --unsigned, to be signed elsewhere)")
    }
    guard (1...2).contains(proto) else { throw ValidationError("--proto is 1 or 2") }
    let inputs = BuildOptions.leastMaximumPatchInput...BuildOptions.mostMaximumPatchInput
    guard inputs.contains(maxPatchInput.bytes) else {
      throw ValidationError("--max-patch-input is 1M to 1G")
    }
    guard (jobs ?? 1) >= 1 else { throw ValidationError("-j is at least 1") }
    if parent == nil, fromVersion != nil {
      throw ValidationError("--from-version needs --parent")
    }
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
    BuildOutput.warn(report)
    print(json ? BuildOutput.json(report, output).text : BuildOutput.text(report, output))
  }

  private func options() throws -> BuildOptions {
    var options = BuildOptions(
      parent: parent, child: child, output: output, keys: try KeyFiles.signingKeys(key))
    options.ownership = (parentOwnership.files, ownership.files)
    options.times = try times.times(at: try SourceDate.environment())
    options.plan = plan
    options.isUnsigned = unsigned
    options.chainTrust = try chain.trust()
    options.keyChanges = KeyChanges(
      added: try KeyFiles.verificationKeys(addKey), revoked: try KeyFiles.keyIDs(revokeKey))
    options.product = compatible
    options.fromVersion = fromVersion
    options.toVersion = toVersion
    options.allowsOlder = allowOlder
    options.prefix = prefix
    options.streamVersion = proto
    options.maximumApplyMemory = maxApplyMemory.bytes
    options.recompressKinds = recompress.kinds
    options.deviceZstd = deviceZstd
    options.maximumPatchInput = maxPatchInput.bytes
    options.minimumCloneLength = minShared.bytes == 0 ? nil : minShared.bytes
    options.minimumSectionLength = cutSize.bytes
    options.jobs = min(jobs ?? Processors.count, Processors.mostJobs)
    options.checksItself = !noSelfCheck
    options.builder = "btrfs-delta \(ProgramVersion.text)"
    options.date = try SourceDate.environment()
    return options
  }
}
