internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import Crypto
internal import Linux
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
  @Option(help: "The directory of the trusted public keys, *.pem. [default: Keys= of [Trust]]")
  var keys: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let loaded = try root.configuration.load()
    let given = try given(loaded.configuration)
    let report = KeyReport(try root.open(loaded).keys(), given: given)
    try StandardOutput.write(json ? report.json.text : report.text)
  }

  /// The owner's keys. A device that is looked at from outside need not have any.
  private func given(_ configuration: DeviceConfiguration) throws -> [VerificationKey] {
    if let keys { return try TrustedKeys.named(keys) }
    let files = root.configuration.trustedFiles
    guard try files.files(in: configuration.trust.keys, suffix: ".pem") != nil else { return [] }
    return try TrustedKeys.configured(configuration.trust.keys, files)
  }
}
