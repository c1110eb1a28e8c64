public import ArgumentParser
internal import CommandSupport
internal import Linux

/// `btrfs-delta`: the build server's program.
public struct DeltaProgram: AsyncParsableCommand {
  /// What the program is called and which commands it has.
  public static let configuration = CommandConfiguration(
    commandName: "btrfs-delta",
    abstract: "Make signed update files from btrfs snapshots; inspect, verify, expand and receive.",
    version: ProgramVersion.text,
    subcommands: [
      KeygenCommand.self, BuildCommand.self, SquashCommand.self, InspectCommand.self,
      VerifyCommand.self,
      ExpandCommand.self, DumpCommand.self, ExplainCommand.self, ReceiveCommand.self,
      SignCommand.self, DigestCommand.self, DiffCommand.self, AttachSignatureCommand.self,
    ])

  /// A program without arguments.
  public init() {}

  /// Parses the arguments, runs, and ends the process.
  public static func start() async -> Never {
    MemoryAllocator.returnLargeBlocks()
    await ProgramRunner.run(Self.self, explain: DeltaFailure.explain)
  }
}
