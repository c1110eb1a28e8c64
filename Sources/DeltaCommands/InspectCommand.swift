internal import ArgumentParser
internal import CommandSupport
internal import Linux
internal import UpdateFile

/// `btrfs-delta inspect`
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what an update file says of itself.",
    discussion: "Only the head is read. Without --public-key nothing in it is verified.")

  @Argument(help: "The update file, or - for standard input.") var file: String
  @Option(help: "A key to trust; may be given several times.") var publicKey: [String] = []
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let keys = try KeyFiles.verificationKeys(publicKey)
    let input = try UpdateInput(file)
    let (head, length) = try input.head()
    let (manifest, trust) = try Trust.manifest(of: head, keys: keys)
    let report = ManifestReport(manifest: manifest, head: head, headLength: length, trust: trust)
    try StandardOutput.write(json ? report.json.text : report.text)
  }
}
