public import Configuration

// Options as people write them:
//
//     bls, grub, uboot   directory, entry-token, kernel, initrd, command-line, title
//     grub               environment
//     uboot              configuration, tools
//     custom             script, time-limit, counts
extension BootConfiguration {
  /// A backend by its name, with options by theirs.
  public init(_ name: String, options: [String: String] = [:]) throws(BootConfigurationError) {
    var options = Options(backend: name, values: options)
    switch name {
    case "names": self = .names
    case "default-subvolume": self = .defaultSubvolume
    case "bls": self = .bls(try options.files())
    case "grub":
      let files = try options.files()
      let environment = try options.path("environment")
      self = .grub(files, environment: environment ?? "\(files.directory)/grub/grubenv")
    case "uboot":
      let files = try options.files()
      let configuration = try options.path("configuration") ?? "/etc/fw_env.config"
      let tools = try options.path("tools").map { [$0] } ?? UBootBackend.toolDirectories
      self = .uboot(files, configuration: configuration, tools: tools)
    case "custom":
      guard let script = try options.path("script") else {
        throw .missingOption("script", backend: name)
      }
      self = .custom(
        script: script, timeLimit: try options.seconds("time-limit"),
        countsTries: try options.flag("counts") ?? true)
    default: throw .unknownBackend(name)
    }
    try options.finish()
  }
}

extension BootConfiguration {
  /// What `btrfs-update.conf` says.
  public init(_ boot: DeviceConfiguration.Boot) throws(BootConfigurationError) {
    let name = boot.backend.rawValue
    var options: [String: String] = [:]
    switch boot.backend {
    case .names, .defaultSubvolume: break
    case .bls: options = Self.files(boot)
    case .grub:
      options = Self.files(boot)
      options["environment"] = boot.grubEnvironment
    case .uboot:
      options = Self.files(boot)
      options["configuration"] = boot.ubootConfiguration
    case .custom:
      guard let script = boot.script else { throw .missingOption("script", backend: name) }
      self = .custom(
        script: script, timeLimit: boot.scriptTimeLimit, countsTries: boot.scriptCounts)
      return
    }
    try self.init(name, options: options)
  }

  private static func files(_ boot: DeviceConfiguration.Boot) -> [String: String] {
    var options = ["directory": boot.directory, "entry-token": boot.entryToken]
    options["command-line"] = boot.commandLine
    options["kernel"] = boot.kernel
    options["initrd"] = boot.initrd
    options["title"] = boot.title
    return options
  }
}

private struct Options {
  let backend: String
  var values: [String: String]

  mutating func text(_ name: String) -> String? { values.removeValue(forKey: name) }

  /// An absolute path, without a slash at its end.
  mutating func path(_ name: String) throws(BootConfigurationError) -> String? {
    guard let value = text(name) else { return nil }
    guard value.hasPrefix("/"), value.count == 1 || !value.hasSuffix("/"),
      !value.utf8.contains(0)
    else { throw .badValue(value, option: name) }
    return value
  }

  /// A path in a system's tree, with or without a slash in front.
  private mutating func treePath(_ name: String) throws(BootConfigurationError) -> String? {
    guard let value = text(name) else { return nil }
    let path = value.hasPrefix("/") ? String(value.dropFirst()) : value
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
      throw .badValue(value, option: name)
    }
    return path
  }

  mutating func flag(_ name: String) throws(BootConfigurationError) -> Bool? {
    guard let value = text(name) else { return nil }
    guard value == "yes" || value == "no" else { throw .badValue(value, option: name) }
    return value == "yes"
  }

  mutating func seconds(_ name: String) throws(BootConfigurationError) -> Duration {
    guard let value = text(name) else { return CustomBackend.defaultTimeLimit }
    guard let seconds = Int(value), (1...3600).contains(seconds) else {
      throw .badValue(value, option: name)
    }
    return .seconds(seconds)
  }

  mutating func files() throws(BootConfigurationError) -> BootFiles {
    var files = BootFiles()
    if let directory = try path("directory") { files.directory = directory }
    if let token = text("entry-token") {
      guard BootFiles.isToken(token) else { throw .badValue(token, option: "entry-token") }
      files.token = token
    }
    files.kernel = try treePath("kernel")
    if values["initrd"] == "none" {
      files.usesInitrd = false
      values["initrd"] = nil
    }
    files.initrd = try treePath("initrd")
    if let line = text("command-line") {
      guard KernelCommandLine.line(line, rootedIn: .max) != nil else {
        throw .badValue(line, option: "command-line")
      }
      files.commandLine = line
    }
    if let title = text("title") {
      guard !title.isEmpty, title.utf8.count <= 64,
        title.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
      else { throw .badValue(title, option: "title") }
      files.title = title
    }
    return files
  }

  /// All have to be taken.
  func finish() throws(BootConfigurationError) {
    if let name = values.keys.min() { throw .unknownOption(name, backend: backend) }
  }
}
