internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream
internal import UpdateFile

/// `btrfs-delta verify`
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check all of an update file that can be checked without a device.",
    discussion: """
      Signatures, every byte of the payload, every command and every patch's form. A full update, \
      or any with --parent, is also expanded and compared with what was signed.
      """)

  @Argument(help: "The update file, or - for standard input.") var file: String
  @Option(help: "A key to trust; may be given several times.") var publicKey: [String] = []
  @Option(help: "How many of these keys must have signed.") var threshold = 1
  @Option(help: "The tree that the update was built against: a directory, or a tar archive.")
  var parent: String?
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func validate() throws {
    guard !publicKey.isEmpty else { throw ValidationError("--public-key is missing") }
    guard threshold >= 1 else { throw ValidationError("--threshold is at least 1") }
  }

  func run() async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let keys = try KeyFiles.verificationKeys(publicKey)
    let input = try UpdateInput(file)
    let (manifest, trust) = try input.manifest(trusting: keys, threshold: threshold)
    if manifest.parent == nil || parent != nil {
      try Expansion.run(input, manifest, parent: parent, keepingBeside: nil, reporter) { _ in }
    } else {
      try PayloadCheck.run(input, manifest, reporter)
    }
    reporter.finish()
    try StandardOutput.write("\(file): signatures \(trust.text)")
    try StandardOutput.write(
      manifest.parent == nil || parent != nil
        ? "expands to the plain stream that was signed"
        : "payload and commands are whole (give --parent to expand it, too)")
  }
}

/// Checks a payload without the parent: its bytes and the form of its commands.
enum PayloadCheck {
  private static let memoryLimit: UInt64 = 2 << 30
  private static let bufferLength = 256 << 10

  static func run(
    _ input: borrowing UpdateInput, _ manifest: Manifest, _ reporter: ProgressReporter
  ) throws {
    var payload = try PayloadReader(manifest.payload, memoryLimit: memoryLimit)
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    var reader = StreamReader(
      continuing: StreamVersion(base: base, revision: StreamVersion.deltaRevision))
    var check = DeltaStreamCheck(manifest)
    var read: UInt64 = 0
    while true {
      var bytes: [UInt8] = []
      var status = PayloadReader.Status.end
      try bytes.append(upTo: bufferLength) { (out) throws(UpdateFileError) in
        status = try payload.decode(into: &out)
      }
      reader.append(bytes.rawSpan)
      while let element = try reader.next() {
        guard case .command(let frame) = element else { throw UpdateExpansionError.secondStream }
        try check.add(frame)
      }
      switch status {
      case .needsPiece:
        let piece = try input.piece(payload.wanted)
        try payload.append(piece: piece.rawSpan)
        read += UInt64(piece.count)
        reporter.show("verifying", done: read, of: manifest.payload.length)
      case .end:
        try payload.finish()
        try reader.finish()
        return try input.expectEnd()
      case .sectionEnd(let index):
        guard reader.bufferedByteCount == 0 else {
          throw UpdateExpansionError.sectionDiffers(index: index)
        }
      case .outputFull: break
      }
    }
  }
}
