internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration

/// `btrfs-update config`
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show the configuration that is in force, and where each value comes from.")

  @OptionGroup var options: ConfigurationOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let loaded = try options.load()
    try StandardOutput.write(json ? Self.json(loaded).text : Self.text(loaded))
  }

  /// A file that would say the same; where a value comes from stands in the comment before it.
  private static func text(_ loaded: LoadedConfiguration) -> String {
    var (lines, section) = ([String](), "")
    for key in ConfigurationKey.all {
      if key.section != section {
        section = key.section
        lines += (lines.isEmpty ? [] : [""]) + ["[\(section)]"]
      }
      let place = loaded.place(of: key).map { "\($0)" } ?? "default"
      lines.append("# \(QuotedText.oneLine(place))")
      lines.append("\(key.name)=\(key.value(in: loaded.configuration))")
    }
    return lines.joined(separator: "\n")
  }

  private static func json(_ loaded: LoadedConfiguration) -> JSONValue {
    let keys = ConfigurationKey.all.map { key in
      let place = loaded.place(of: key)
      return JSONValue.object([
        ("section", .string(key.section)), ("key", .string(key.name)),
        ("value", .string(key.value(in: loaded.configuration))),
        ("file", place.map { .string($0.file) } ?? .null),
        ("line", place.map { .number(Int64($0.line)) } ?? .null),
      ])
    }
    return .object([
      ("files", .array(loaded.files.map { .string($0) })), ("values", .array(keys)),
      ("warnings", .array(loaded.warnings.map { .string("\($0)") })),
    ])
  }
}
