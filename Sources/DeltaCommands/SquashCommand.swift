internal import ArgumentParser
internal import CommandSupport
internal import Signing
internal import UpdateBuilder

/// `btrfs-delta squash`
struct SquashCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "squash",
    abstract: "Make one update of several that follow one another.",
    discussion: """
      From v1-v2 and v2-v3 comes v1-v3. Versions, product, and which keys are brought and revoked, are \
      those of the updates. They have to be verified with --public-key, unless --unverified says that \
      they need not. Their trees are kept beside the output meanwhile; neither btrfs nor root is needed.
      """)

  @Argument(help: "The update files, in their order.") var files: [String]
  @Option(help: "The tree that the first update was built against; a full one needs none.")
  var parent: String?
  @OptionGroup var chain: ChainArguments
  @OptionGroup var making: MakingArguments

  func validate() throws {
    guard !files.isEmpty else { throw ValidationError("no update is given") }
  }

  func run() async throws { try await making.make(try options()) }

  private func options() throws -> BuildOptions {
    var options = try BuildOptions(
      squashing: files, parent: parent, trust: chain.trust(), output: making.output,
      keys: making.keys())
    try making.set(&options)
    return options
  }
}
