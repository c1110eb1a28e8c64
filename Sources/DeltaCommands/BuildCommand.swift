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
    abstract: "Build a signed update file from two read-only snapshots, or from one in full.",
    discussion: """
      Versions come from the names: sys_root_v41 is version 41. Without --parent the update is a \
      full one, which needs nothing on the device. Temporary files lie beside the output.
      """)

  @Option(help: "The snapshot that devices have.") var parent: String?
  @Option(help: "The snapshot that they are to have.") var child: String
  @Option(help: "The private key that signs; may be given several times.") var key: [String] = []
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
    warn(report)
    print(json ? Self.json(report, output).text : Self.text(report, output))
  }

  private func options() throws -> BuildOptions {
    var options = BuildOptions(
      parent: parent, child: child, output: output, keys: try KeyFiles.signingKeys(key))
    options.isUnsigned = unsigned
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

  private func warn(_ report: BuildReport) {
    for path in report.nestedSubvolumes {
      let name = QuotedText.oneLine(String(decoding: path, as: UTF8.self))
      StandardError.write(
        "btrfs-delta: warning: \"\(name)\" is a subvolume of its own, and not part of the update\n")
    }
  }

  private static func text(_ report: BuildReport, _ output: String) -> String {
    let versions =
      report.fromVersion.map { "\($0) -> \(report.toVersion)" } ?? "\(report.toVersion)"
    return """
      \(output): version \(versions), \(ByteCount(report.fileLength)) (\(report.fileLength) bytes)
      stands for a send stream of \(ByteCount(report.plainLength)); \
      \(report.patchedRuns) patches, applying takes \(ByteCount(report.applyMemory)) of memory
      """
  }

  private static func json(_ report: BuildReport, _ output: String) -> JSONValue {
    .object([
      ("file", .string(output)), ("fileLength", .unsigned(report.fileLength)),
      ("fromVersion", report.fromVersion.map { .unsigned($0) } ?? .null),
      ("toVersion", .unsigned(report.toVersion)), ("plainLength", .unsigned(report.plainLength)),
      ("deltaLength", .unsigned(report.deltaLength)),
      ("patches", .number(Int64(report.patchedRuns))),
      ("applyMemory", .unsigned(report.applyMemory)),
      ("nestedSubvolumes", .array(report.nestedSubvolumes.map { JSONValue.name($0) })),
    ])
  }
}
