internal import ArgumentParser
internal import CommandSupport
internal import Crypto
internal import Signing
internal import UpdateBuilder
internal import UpdateFile

/// `btrfs-delta sign`
struct SignCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Add a signature to a finished update file.",
    discussion: """
      The payload is compared with what is signed, and copied as it is. The file is replaced in one \
      step, unless --output names another.
      """)

  @Argument(help: "The update file.") var file: String
  @Option(help: "The private key that signs; may be given several times.") var key: [String] = []
  @Option(name: .shortAndLong, help: "The file to write. [default: FILE itself]")
  var output: String?

  func validate() throws {
    guard !key.isEmpty else { throw ValidationError("--key is missing") }
  }

  func run() async throws {
    let keys = try KeyFiles.signingKeys(key)
    let update = try FinishedUpdate(path: file)
    let signatures = try keys.map { try update.signature(by: $0) }
    try update.write(adding: signatures, to: output ?? file)
    try StandardOutput.write(SignedReport.text(update, adding: signatures, output ?? file))
  }
}

/// What was signed: whoever adds a signature should see what it is of.
enum SignedReport {
  static func text(
    _ update: borrowing FinishedUpdate, adding signatures: [UpdateSignature], _ output: String
  ) -> String {
    let manifest = update.manifest
    let versions =
      manifest.parent.map { "\($0.version) -> \(manifest.toVersion)" }
      ?? "\(manifest.toVersion), a full update"
    let product = manifest.product.map { "product \"\($0)\"" } ?? "no product"
    let count = update.head.signatures.count + signatures.count
    var lines = ["\(output): version \(versions), \(product); signatures: \(count)"]
    lines += signatures.map { "signed by key \($0.keyID)" }
    lines += manifest.keyChanges.added.map { "brings key \($0.keyID)" }
    lines += manifest.keyChanges.revoked.map { "revokes key \($0)" }
    return lines.joined(separator: "\n")
  }
}
