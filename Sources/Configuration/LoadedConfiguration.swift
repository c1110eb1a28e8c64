internal import Bytes
internal import Linux

/// A configuration, and where it comes from.
public struct LoadedConfiguration: Sendable {
  /// What is in force.
  public var configuration = DeviceConfiguration()
  /// The files that were read, in the order in which they were.
  public var files: [String] = []
  /// Keys and sections that this program does not know: maybe of a newer one.
  public var warnings: [ConfigurationWarning] = []

  /// By `Section.Key`, the last place that said something about it.
  private var places: [String: ConfigurationPlace] = [:]
  /// The lists that have been assigned to, so that their default is gone.
  private var begun: Set<String> = []

  /// The defaults.
  public init() {}

  /// The last line that said something about a key; `nil` if the default is in force.
  public func place(of key: ConfigurationKey) -> ConfigurationPlace? { places[key.id] }

  /// Adds what a file says to what those before it said.
  ///
  /// - Throws: ``ConfigurationError/value(_:key:value:expected:)`` for the first value that its key
  ///   does not take.
  public mutating func add(_ file: ConfigurationFile) throws(ConfigurationError) {
    for assignment in file.assignments {
      guard let key = ConfigurationKey.named(assignment) else {
        if warnings.count < Self.maximumWarnings {
          warnings.append(ConfigurationWarning(assignment))
        }
        continue
      }
      if assignment.value.isEmpty || key.isList && begun.insert(key.id).inserted {
        key.reset(&configuration)
        begun.insert(key.id)
      }
      if !assignment.value.isEmpty, !key.assign(&configuration, assignment.value) {
        throw .value(
          assignment.place, key: assignment.key, value: assignment.value, expected: key.expected)
      }
      // What is the default again has no place.
      places[key.id] = assignment.value.isEmpty && !key.isList ? nil : assignment.place
    }
  }

  private static let maximumWarnings = 100
}

/// Something in a file that this program does not know.
public struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
  /// The section.
  public var section: String
  /// The key.
  public var key: String
  /// Where it is.
  public var place: ConfigurationPlace

  init(_ assignment: ConfigurationAssignment) {
    (section, key, place) = (assignment.section, assignment.key, assignment.place)
  }

  /// What and where, for people.
  public var description: String { "\(place): unknown key \(key) of [\(section)]: it is ignored" }
}

extension ConfigurationKey {
  var id: String { "\(section).\(name)" }

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  fileprivate static func named(_ assignment: ConfigurationAssignment) -> ConfigurationKey? {
    byID["\(assignment.section).\(assignment.key)"]
  }
}

extension LoadedConfiguration {
  private static let mainFile = "btrfs-update.conf"
  private static let dropIns = "btrfs-update.conf.d"

  /// Reads the main file and its drop-ins, by systemd's rules.
  ///
  /// - Throws: ``ConfigurationError``; then nothing of it is to be used.
  public init(_ directories: ConfigurationDirectories) throws(ConfigurationError) {
    var files: [ConfigurationDirectories.File] = []
    if let main = try directories.file(Self.mainFile) { files.append(main) }
    files += try directories.files(in: Self.dropIns, suffix: ".conf")
    for file in files {
      let bytes = try Self.contents(of: file.path)
      try add(ConfigurationFile(parsing: bytes, path: file.path))
      self.files.append(file.path)
    }
    try requireScript()
  }

  /// Only all files together say whether a key is there that another one needs.
  private func requireScript() throws(ConfigurationError) {
    guard configuration.boot.backend == .custom, configuration.boot.script == nil else { return }
    guard let place = ConfigurationKey.named("Backend", in: "Boot").flatMap(place) else { return }
    throw .missing(place, assignment: "Backend=custom", key: "Script")
  }

  private static func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
    do throws(SystemError) {
      return try Descriptor.open(path).readToEnd(limit: ConfigurationFile.maximumLength)
    } catch {
      if error.errno == .fileTooLarge {
        throw .fileTooLong(path: path, limit: ConfigurationFile.maximumLength)
      }
      throw .system(error)
    }
  }
}
