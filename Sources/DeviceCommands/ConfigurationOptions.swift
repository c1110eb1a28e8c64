internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration

/// Where the configuration, hooks and health checks are.
struct ConfigurationOptions: ParsableArguments {
  // For tests, and for those who prepare a system from outside.
  @Option(help: .hidden) var configRoot = ""

  func validate() throws {
    guard configRoot.isEmpty || configRoot.hasPrefix("/") else {
      throw ValidationError("--config-root is an absolute path")
    }
  }

  private var directories: ConfigurationDirectories { ConfigurationDirectories(root: configRoot) }

  /// The files beside the configuration that nobody but root may have written.
  var trustedFiles: TrustedFiles { TrustedFiles(directories) }

  /// Reads it, and warns of what is not known.
  func load() throws(ConfigurationError) -> LoadedConfiguration {
    let loaded = try LoadedConfiguration(directories)
    for warning in loaded.warnings {
      StandardError.write("btrfs-update: \(QuotedText.oneLine("\(warning)"))\n")
    }
    return loaded
  }

  /// How hooks and health checks are run: what they say goes to standard error, a line each.
  func rules(
    timeLimit: Duration, totalTimeLimit: Duration = .seconds(24 * 3600)
  ) -> ProgramRules {
    ProgramRules(
      directories: directories, timeLimit: timeLimit, totalTimeLimit: totalTimeLimit
    ) { line in
      StandardError.write("btrfs-update: \(QuotedText.oneLine(line))\n")
    } goesOn: {
      !Interruption.isRequested
    }
  }
}
