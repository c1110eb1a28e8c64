internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import DeltaStream
internal import Linux
internal import SendStream

/// `btrfs-delta dump`
struct DumpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Print the commands of a send stream, a delta stream or an update file.",
    discussion: """
      Raw or xz-compressed. A plain stream prints as `btrfs receive --dump` prints it; of an update \
      file, nothing is verified: `verify` does that.
      """)

  /// What is printed.
  enum Form { case text, json, count }

  /// Which version of the stock tool lines look like.
  enum Style: String, CaseIterable, ExpressibleByArgument {
    case progs6_2 = "6.2"
    case progs6_10 = "6.10"
  }

  @Argument(help: "The stream, or - for standard input.") var file = "-"
  @Flag(help: "Print each command as a line of JSON.") var json = false
  @Flag(help: "Read all, and print only totals.") var count = false
  @Option(help: "Which btrfs-progs lines are like: 6.2, or 6.10 and later, which escapes more.")
  var style = Style.progs6_10

  func validate() throws {
    guard !(json && count) else { throw ValidationError("--json and --count exclude each other") }
  }

  func run() async throws {
    try Self.print(file, form: json ? .json : count ? .count : .text, style: style)
  }

  /// Prints what is in a file, or on standard input for `-`.
  ///
  /// - Parameter terminatesOnEnd: whether nothing is read behind the END of the first stream.
  static func print(
    _ file: String, terminatesOnEnd: Bool = false, form: Form, style: Style = .progs6_10
  ) throws {
    var source = try StreamSource(file, stopsAtEnd: terminatesOnEnd)
    var reader = StreamReader(maximumRevision: StreamVersion.deltaRevision)
    reader.allowsNewerCommands = true
    var printer = try DumpPrinter(form: form, style: style)
    do {
      while let bytes = try source.next() {
        reader.append(bytes.rawSpan)
        while let element = try reader.next() { try printer.print(element) }
      }
      try reader.finish()
    } catch {
      // What was read is shown even if the rest is missing or damaged.
      try printer.flush()
      throw error
    }
    try printer.finish()
  }
}
