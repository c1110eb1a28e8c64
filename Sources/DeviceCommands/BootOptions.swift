internal import ArgumentParser
internal import CommandSupport
internal import Configuration
internal import UpdateInstaller

/// How the boot loader is told.
struct BootOptions: ParsableArguments {
  @Option(
    help: """
      What the boot loader goes by: names, default-subvolume, bls, grub, uboot or custom. \
      [default: Backend= of [Boot]]
      """)
  var bootBackend: String?
  @Option(
    help: ArgumentHelp(
      "An option of the boot backend; may be repeated. Needs --boot-backend.",
      valueName: "key=value"))
  var bootOption: [String] = []

  func validate() throws {
    guard bootBackend != nil || bootOption.isEmpty else {
      throw ValidationError("--boot-option needs --boot-backend")
    }
    if let bootBackend {
      do throws(BootConfigurationError) {
        _ = try BootConfiguration(bootBackend, options: options())
      } catch { throw ValidationError("\(error)") }
    }
  }

  /// The backend; where it is not given, that of the configuration.
  func backend(_ configuration: DeviceConfiguration.Boot) throws -> any BootBackend {
    do throws(BootConfigurationError) {
      guard let bootBackend else { return try BootConfiguration(configuration).backend() }
      return try BootConfiguration(bootBackend, options: options()).backend()
    } catch { throw CommandFailure(bootBackend == nil ? .badConfiguration : .usage, "\(error)") }
  }

  private func options() throws(BootConfigurationError) -> [String: String] {
    var options: [String: String] = [:]
    for option in bootOption {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, options[String(parts[0])] == nil else {
        throw .badValue(option, option: "--boot-option")
      }
      options[String(parts[0])] = String(parts[1])
    }
    return options
  }
}
