public import ArgumentParser
internal import CommandSupport

/// `btrfs-update`: the device's program.
public struct DeviceProgram: AsyncParsableCommand {
  /// What the program is called and which commands it has.
  public static let configuration = CommandConfiguration(
    commandName: "btrfs-update",
    abstract: "Apply signed updates to a btrfs system, offline; activate them and go back.",
    version: ProgramVersion.text,
    subcommands: [
      ApplyCommand.self, CheckCommand.self, AdoptCommand.self, ActivateCommand.self,
      RollbackCommand.self,
      MarkCommand.self, BootCheckCommand.self,
      StatusCommand.self, ListCommand.self, KeysCommand.self, VerifyCommand.self,
      RecoverCommand.self, PruneCommand.self, FactoryResetCommand.self,
      HealthCheckCommand.self, USBCommand.self, USBWantedCommand.self, ConfigCommand.self,
    ])

  /// A program without arguments.
  public init() {}

  /// Parses the arguments, runs, and ends the process.
  public static func start() async -> Never {
    await ProgramRunner.run(Self.self, explain: DeviceFailure.explain)
  }
}
