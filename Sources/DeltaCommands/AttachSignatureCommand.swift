internal import ArgumentParser
internal import CommandSupport
internal import Crypto
internal import Linux
internal import UpdateBuilder

/// `btrfs-delta attach-signature`
struct AttachSignatureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach-signature",
    abstract: "Add a signature that was made elsewhere to a finished update file.",
    discussion: """
      The signature is the 64 bytes of Ed25519 for the message of `digest`. It is verified, and the \
      payload is compared with what was signed, before the file is replaced in one step.
      """)

  @Argument(help: "The update file.") var file: String
  @Option(help: "The public key of who signed.") var publicKey: String
  @Option(help: "The file with the signature, 64 bytes.") var signature: String
  @Option(name: .shortAndLong, help: "The file to write. [default: FILE itself]")
  var output: String?

  /// No signature file is longer than this, in bytes: enough to say how long a wrong one is.
  private static let limit = 64 << 10

  func run() async throws {
    let key = try KeyFiles.verificationKeys([publicKey])[0]
    let data = try Descriptor.open(signature).readToEnd(limit: Self.limit)
    let update = try FinishedUpdate(path: file)
    let signatures = [try update.signature(data, by: key)]
    try update.write(adding: signatures, to: output ?? file)
    try StandardOutput.write(SignedReport.text(update, adding: signatures, output ?? file))
  }
}
