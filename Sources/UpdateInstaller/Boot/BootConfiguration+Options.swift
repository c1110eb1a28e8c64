public import Configuration

extension BootConfiguration {
  /// What `[Boot]` of a configuration says.
  ///
  /// - Throws: ``BootConfigurationError/missingOption(_:backend:)`` only: what a value can be, the
  ///   key says that has it.
  public init(_ boot: DeviceConfiguration.Boot) throws(BootConfigurationError) {
    switch boot.backend {
    case .names: self = .names
    case .defaultSubvolume: self = .defaultSubvolume
    case .bls: self = .bls(BootFiles(boot))
    case .grub: self = .grub(BootFiles(boot), environment: boot.grubEnvironment)
    case .uboot:
      self = .uboot(
        BootFiles(boot), configuration: boot.ubootConfiguration,
        tools: boot.ubootTools.map { [$0] } ?? UBootBackend.toolDirectories)
    case .custom:
      guard let script = boot.script else {
        throw .missingOption("script", backend: boot.backend.rawValue)
      }
      self = .custom(
        script: script, timeLimit: boot.scriptTimeLimit, countsTries: boot.scriptCounts)
    }
  }
}

extension BootFiles {
  fileprivate init(_ boot: DeviceConfiguration.Boot) {
    self.init(directory: boot.directory, token: boot.entryToken, title: boot.title)
    kernel = boot.kernel
    usesInitrd = boot.initrd != "none"
    initrd = usesInitrd ? boot.initrd : nil
    commandLine = boot.commandLine
  }
}

extension BootConfiguration {
  /// A backend by its name, with options by theirs: each is a key of `[Boot]`, and takes what that
  /// takes.
  public init(_ name: String, options: [String: String] = [:]) throws(BootConfigurationError) {
    guard let backend = DeviceConfiguration.Boot.Backend(rawValue: name) else {
      throw .unknownBackend(name)
    }
    var configuration = DeviceConfiguration()
    configuration.boot.backend = backend
    let keys = Self.keys(of: backend)
    for (option, value) in options.sorted(by: { $0.key < $1.key }) {
      guard let key = keys[option] else { throw .unknownOption(option, backend: name) }
      guard key.set(value, in: &configuration) else { throw .badValue(value, option: option) }
    }
    if options["environment"] == nil {
      configuration.boot.grubEnvironment = "\(configuration.boot.directory)/grub/grubenv"
    }
    try self.init(configuration.boot)
  }

  private static func keys(
    of backend: DeviceConfiguration.Boot.Backend
  ) -> [String: ConfigurationKey] {
    let files = [
      "directory": "Directory", "entry-token": "EntryToken", "command-line": "CommandLine",
      "kernel": "Kernel", "initrd": "Initrd", "title": "Title",
    ]
    let names =
      switch backend {
      case .names, .defaultSubvolume: [String: String]()
      case .bls: files
      case .grub: files.merging(["environment": "GrubEnvironment"]) { $1 }
      case .uboot:
        files.merging(["configuration": "UBootConfiguration", "tools": "UBootTools"]) { $1 }
      case .custom:
        ["script": "Script", "time-limit": "ScriptTimeLimit", "counts": "ScriptCounts"]
      }
    return names.compactMapValues { ConfigurationKey.named($0, in: "Boot") }
  }
}
