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
    abstract: "Build a signed update file from two trees, or from one in full.",
    discussion: """
      A tree is a read-only snapshot or any other directory. Versions come from the names: \
      sys_root_v41 is version 41. Without --parent the update is a full one, which needs nothing on \
      the device. Temporary files lie beside the output.

      --plan says where the commands come from: send has the kernel send one snapshot against the \
      other, which needs root; tree compares names and contents, of any two trees, as any user; \
      auto is send for related snapshots, as long as its stream is no longer, and else tree.
      """)

  @Option(help: "The tree that devices have.") var parent: String?
  @Option(help: "The tree that they are to have.") var child: String
  @Option(help: "Where the commands come from: auto, tree or send.")
  var plan = BuildOptions.PlanKind.auto
  @Option(
    help: """
      Which modification times the child is given: keep, clamp (none after SOURCE_DATE_EPOCH), or \
      content (the parent's, where nothing else differs).
      """)
  var times = TimesArgument.keep
  @OptionGroup var ownership: OwnershipArguments
  @OptionGroup var parentOwnership: ParentOwnershipArguments
  @OptionGroup var chain: ChainArguments
  @Option(help: "A public key to trust from this version on; may be given several times.")
  var addKey: [String] = []
  @Option(help: "A public key, or its id, to revoke for good; may be given several times.")
  var revokeKey: [String] = []
  @Option(help: "The kind of device that the update is for.") var compatible: String?
  @Option(help: "The parent's version, where its name says nothing.") var fromVersion: UInt64?
  @Option(help: "The child's version, where its name says nothing.") var toVersion: UInt64?
  @Option(help: "What the snapshots' names begin with.") var prefix = "sys_root"
  @OptionGroup var making: MakingArguments

  func validate() throws {
    if parent == nil, fromVersion != nil {
      throw ValidationError("--from-version needs --parent")
    }
  }

  func run() async throws { try await making.make(try options()) }

  private func options() throws -> BuildOptions {
    var options = BuildOptions(
      parent: parent, child: child, output: making.output, keys: try making.keys())
    options.ownership = (parentOwnership.files, ownership.files)
    options.times = try times.times(at: try SourceDate.environment())
    options.plan = plan
    options.chainTrust = try chain.trust()
    options.keyChanges = KeyChanges(
      added: try KeyFiles.verificationKeys(addKey), revoked: try KeyFiles.keyIDs(revokeKey))
    options.product = compatible
    options.fromVersion = fromVersion
    options.toVersion = toVersion
    options.prefix = prefix
    try making.set(&options)
    return options
  }
}
