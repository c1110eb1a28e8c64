internal import ArgumentParser
internal import CommandSupport
internal import Recompress
internal import Signing
internal import UpdateBuilder

/// How an update is made, whatever it is made of: what `build` and `squash` have in common.
struct MakingArguments: ParsableArguments {
  @Option(help: "The private key that signs; may be given several times.") var key: [String] = []
  @Flag(help: "Sign nothing yet: `sign` or `attach-signature` do it later.") var unsigned = false
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @Option(help: "The version of the send stream that the update stands for.") var proto: UInt16 = 2
  @Option(help: "How much memory applying may take, such as 64M.")
  var maxApplyMemory = ByteCount(BuildOptions.standardApplyMemory)
  @Option(
    help: "Which compressed data to open: auto, off, or some of deflate,xz,zstd,bitstream,messages."
  )
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
  @Flag(help: "Let the last version be older than the first: a way back, for service.")
  var allowOlder = false
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
  }

  /// The keys that sign.
  func keys() throws -> [SigningKey] { try KeyFiles.signingKeys(key) }

  /// Sets what was given.
  func set(_ options: inout BuildOptions) throws {
    options.isUnsigned = unsigned
    options.allowsOlder = allowOlder
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
    if let date = try SourceDate.environment() { options.date = date }
  }

  /// Makes the update, and says what it is.
  func make(_ options: BuildOptions) async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let report = try await UpdateBuilder.build(
      options,
      progress: BuildProgress { step, done, total in
        reporter.show(step.rawValue, done: done, of: total)
        return !Interruption.isRequested
      })
    reporter.finish()
    BuildOutput.warn(report)
    print(json ? BuildOutput.json(report, output).text : BuildOutput.text(report, output))
  }
}
