/// Which boot loader a device has, and where it reads what.
public enum BootConfiguration: Hashable, Sendable {
  /// ``NamesBackend``
  case names
  /// ``DefaultSubvolumeBackend``
  case defaultSubvolume
  /// ``BLSBackend``
  case bls(BootFiles)
  /// ``GrubBackend``
  case grub(BootFiles, environment: String)
  /// ``UBootBackend``
  case uboot(BootFiles, configuration: String, tools: [String])
  /// ``CustomBackend``
  case custom(script: String, timeLimit: Duration, countsTries: Bool)

  /// All names of backends.
  public static let backendNames = ["names", "default-subvolume", "bls", "grub", "uboot", "custom"]

  /// The backend.
  public func backend() -> any BootBackend {
    switch self {
    case .names: NamesBackend()
    case .defaultSubvolume: DefaultSubvolumeBackend()
    case .bls(let files): BLSBackend(files)
    case .grub(let files, let environment): GrubBackend(files, environment: environment)
    case .uboot(let files, let configuration, let tools):
      UBootBackend(files, configuration: configuration, tools: tools)
    case .custom(let script, let timeLimit, let countsTries):
      CustomBackend(script, timeLimit: timeLimit, countsTries: countsTries)
    }
  }
}

/// Why a boot loader cannot be configured so.
public enum BootConfigurationError: Error, Hashable, Sendable {
  /// There is no such backend.
  case unknownBackend(String)
  /// The backend has no such option.
  case unknownOption(String, backend: String)
  /// The option does not take this value.
  case badValue(String, option: String)
  /// The backend needs this option.
  case missingOption(String, backend: String)
}

extension BootConfigurationError: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .unknownBackend(let name):
      "there is no boot backend \"\(name)\": \(BootConfiguration.backendNames.joined(separator: ", "))"
    case .unknownOption(let option, let backend):
      "the boot backend \(backend) has no option \"\(option)\""
    case .badValue(let value, let option): "the boot option \(option) does not take \"\(value)\""
    case .missingOption(let option, let backend):
      "the boot backend \(backend) needs the option \(option)"
    }
  }
}
