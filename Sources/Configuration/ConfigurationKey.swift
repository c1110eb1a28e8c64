/// A key that a configuration can have.
public struct ConfigurationKey: Sendable {
  /// The section that it is in.
  public let section: String
  /// Its name.
  public let name: String
  /// Whether assignments add to each other.
  public let isList: Bool
  /// What it takes, for people.
  public let expected: String
  /// The text of what is in force; empty for nothing.
  let text: @Sendable (DeviceConfiguration) -> String
  /// Takes over a value; `false` for one that the key does not take.
  let assign: @Sendable (inout DeviceConfiguration, String) -> Bool
  /// Empties a list; for other keys, what was the default is back.
  let reset: @Sendable (inout DeviceConfiguration) -> Void

  /// The key of that name in a section; `nil` if there is none.
  public static func named(_ name: String, in section: String) -> ConfigurationKey? {
    all.first { $0.section == section && $0.name == name }
  }

  /// Takes over a value, added to those that a list has.
  ///
  /// - Returns: `false` for one that the key does not take; then nothing was changed.
  public func set(_ value: String, in configuration: inout DeviceConfiguration) -> Bool {
    assign(&configuration, value)
  }

  /// The value in force as a file would say it; empty for nothing.
  public func value(in configuration: DeviceConfiguration) -> String { text(configuration) }

  private typealias Path<Value> = WritableKeyPath<DeviceConfiguration, Value> & Sendable

  private static func one<Value>(
    _ section: String, _ name: String, _ path: any Path<Value>, _ kind: ConfigurationValue<Value>
  ) -> ConfigurationKey {
    let standard = DeviceConfiguration()[keyPath: path]
    return ConfigurationKey(section: section, name: name, isList: false, expected: kind.expected) {
      kind.text($0[keyPath: path])
    } assign: {
      guard let value = kind.parse($1) else { return false }
      $0[keyPath: path] = value
      return true
    } reset: {
      $0[keyPath: path] = standard
    }
  }

  private static func optional<Value>(
    _ section: String, _ name: String, _ path: any Path<Value?>, _ kind: ConfigurationValue<Value>
  ) -> ConfigurationKey {
    ConfigurationKey(section: section, name: name, isList: false, expected: kind.expected) {
      $0[keyPath: path].map(kind.text) ?? ""
    } assign: {
      guard let value = kind.parse($1) else { return false }
      $0[keyPath: path] = value
      return true
    } reset: {
      $0[keyPath: path] = nil
    }
  }

  private static func list(
    _ section: String, _ name: String, _ path: any Path<[String]>,
    _ kind: ConfigurationValue<String>
  ) -> ConfigurationKey {
    ConfigurationKey(
      section: section, name: name, isList: true, expected: "a list: \(kind.expected)"
    ) {
      ConfigurationWords.text($0[keyPath: path].map(kind.text))
    } assign: {
      guard let words = ConfigurationWords.words(in: $1) else { return false }
      let values = words.compactMap(kind.parse)
      let all = $0[keyPath: path] + values
      guard values.count == words.count, all.count <= ConfigurationWords.maximumCount else {
        return false
      }
      $0[keyPath: path] = all
      return true
    } reset: {
      $0[keyPath: path] = []
    }
  }

  /// All keys, section by section.
  public static let all: [ConfigurationKey] = [
    optional("Device", "Product", \.device.name, .name),
    optional("Device", "Root", \.device.root, .path),
    one("Trust", "Keys", \.trust.keys, .path),
    one("Trust", "Threshold", \.trust.threshold, .number(1...16)),
    one("Boot", "Backend", \.boot.backend, .choice),
    one("Boot", "Tries", \.boot.tries, .number(1...99)),
    one("Boot", "Directory", \.boot.directory, .path),
    one("Boot", "EntryToken", \.boot.entryToken, .entryToken),
    optional("Boot", "CommandLine", \.boot.commandLine, .commandLine),
    optional("Boot", "Kernel", \.boot.kernel, .relativePath),
    optional("Boot", "Initrd", \.boot.initrd, .relativePath),
    one("Boot", "Title", \.boot.title, .title),
    one("Boot", "GrubEnvironment", \.boot.grubEnvironment, .path),
    one("Boot", "UBootConfiguration", \.boot.ubootConfiguration, .path),
    optional("Boot", "UBootTools", \.boot.ubootTools, .path),
    optional("Boot", "Script", \.boot.script, .path),
    one("Boot", "ScriptCounts", \.boot.scriptCounts, .boolean),
    one("Boot", "ScriptTimeLimit", \.boot.scriptTimeLimit, .time),
    list("Update", "Persist", \.update.persist, .relativePath),
    one("Update", "KeepVersions", \.update.keepVersions, .number(1...1000)),
    one("Update", "PruneBeforeApply", \.update.prunesBeforeApply, .boolean),
    one("Update", "MinimumFree", \.update.minimumFree, .bytes),
    optional("Update", "MaximumMemory", \.update.maximumMemory, .bytes),
    list("FactoryReset", "Subvolumes", \.factoryReset.subvolumes, .subvolumeName),
    list("FactoryReset", "Persist", \.factoryReset.persist, .relativePath),
    one("Hooks", "TimeLimit", \.hooks.timeLimit, .time),
    one("Health", "TimeLimit", \.health.timeLimit, .time),
    one("Health", "TotalTimeLimit", \.health.totalTimeLimit, .time),
    one("Health", "Action", \.health.action, .choice),
    list("USB", "Labels", \.usb.labels, .token),
    list("USB", "FileSystems", \.usb.fileSystems, .token),
    one("USB", "Activate", \.usb.activates, .boolean),
    one("USB", "Reboot", \.usb.reboots, .boolean),
  ]
}
