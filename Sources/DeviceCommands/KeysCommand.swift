internal import ArgumentParser
internal import CommandSupport
internal import UpdateInstaller

/// `btrfs-update keys`
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Show which keys the device trusts, and what updates said of keys.",
    discussion: """
      What an update brings or revokes is pending until its version has proven to be good. To \
      revoke is for good, also where --keys has the key.
      """)

  @OptionGroup var root: RootOptions
  @Option(help: "The directory of the trusted public keys, *.pem.") var keys: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let given = try keys.map { try TrustedKeys.inDirectory($0) } ?? []
    let report = KeyReport(try root.open().keys(), given: given)
    try StandardOutput.write(json ? report.json.text : report.text)
  }
}
