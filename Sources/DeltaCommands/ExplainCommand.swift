internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import UpdateBuilder
internal import UpdateFile

/// `btrfs-delta explain`
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show what an update file's bytes are spent on: why is this update large?",
    discussion: """
      The files that take most of it, as measured while decoding: how they travel, the old files \
      they are patched against, and what the patches are made of.
      """)

  @Argument(help: "The update file, or - for standard input.") var file: String
  @Option(help: "How many files to list; 0 for all.") var limit = 20
  @Option(help: "A key to trust; may be given several times.") var publicKey: [String] = []
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  /// What decoding may take on a build server, in bytes.
  private static let memoryLimit: UInt64 = 2 << 30

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit is a number of files") }
  }

  func run() async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let keys = try KeyFiles.verificationKeys(publicKey)
    let input = try UpdateInput(file)
    let (head, length) = try input.head()
    let (manifest, trust) = try Trust.manifest(of: head, keys: keys)
    let explanation = try explain(manifest, input, reporter)
    reporter.finish()
    let report = ExplanationReport(
      explanation: explanation, headLength: length, payloadLength: manifest.payload.length,
      limit: limit == 0 ? .max : limit)
    try StandardOutput.write(json ? report.json.text : report.text)
    trust.warn(file)
  }

  private func explain(
    _ manifest: Manifest, _ input: borrowing UpdateInput, _ reporter: ProgressReporter
  ) throws -> UpdateExplanation {
    var reader = try ExplanationReader(manifest, memoryLimit: Self.memoryLimit)
    var read: UInt64 = 0
    while reader.wanted > 0 {
      let piece = try input.piece(reader.wanted)
      try reader.append(piece: piece.rawSpan)
      read += UInt64(piece.count)
      reporter.show("reading", done: read, of: manifest.payload.length)
    }
    let explanation = try reader.finish()
    try input.expectEnd()
    return explanation
  }
}
