internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateFile
internal import UpdateInstaller

/// `btrfs-update check`
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say which update fits this device, and why the others do not.",
    discussion: "Only heads are read, and nothing is changed. Of a directory, all *.btrfs.xz.")

  @Argument(help: "An update file, or a directory of update files.") var path: String
  @OptionGroup var root: RootOptions
  @OptionGroup var trust: TrustOptions
  @Flag(help: "Print JSON.") var json = false

  /// The most files that are looked at in one directory.
  private static let maximumFiles = 1000

  func run() async throws {
    let loaded = try root.configuration.load()
    let device = try root.open(loaded)
    var options = try trust.options(loaded.configuration, root.configuration.trustedFiles)
    options.makeRoom(as: loaded.configuration.update)
    let paths = try candidates()
    var reports: [(String, UpdateReport)] = []
    for path in paths { reports.append((path, Self.report(path, device, options))) }
    if json {
      try StandardOutput.write(JSONValue.array(reports.map { Self.json($0.0, $0.1) }).text)
    } else {
      for (path, report) in reports {
        for line in Self.lines(path, report) {
          try StandardOutput.write(QuotedText.oneLine(line))
        }
      }
    }
    try fail(unlessOneFits: reports)
  }

  /// What cannot be opened does not fit: it is no reason to look at no other.
  private static func report(
    _ path: String, _ device: borrowing Device, _ options: InstallOptions
  ) -> UpdateReport {
    do throws(SystemError) {
      // Nobody may be at the other end of a named pipe.
      let source = try Descriptor.open(path, [.readOnly, .nonBlocking])
      return device.check(source, options)
    } catch { return UpdateReport(manifest: nil, problems: [.system(error)]) }
  }

  private func candidates() throws -> [String] {
    let source = try Descriptor.open(path)
    guard try source.status().type == .directory else { return [path] }
    let names = try source.entries().map(\.name)
      .filter { $0.suffix(9).elementsEqual(".btrfs.xz".utf8) && $0.first != UInt8(ascii: ".") }
      .sorted { $0.lexicographicallyPrecedes($1) }
    guard names.count <= Self.maximumFiles else {
      throw CommandFailure(
        .usage, "\"\(path)\" holds more than \(Self.maximumFiles) updates: name one")
    }
    // A name that is not UTF-8 cannot be told to anybody, and is none that we made.
    return names.compactMap { String(validating: $0, as: UTF8.self) }.map { "\(path)/\($0)" }
  }

  private func fail(unlessOneFits reports: [(String, UpdateReport)]) throws {
    if reports.contains(where: { $0.1.problems.isEmpty }) { return }
    if reports.count == 1, let problem = reports[0].1.problems.first {
      throw DeviceFailure.failure(problem)
    }
    throw CommandFailure(.noneFits, "no update in \"\(path)\" fits this device")
  }

  private static func lines(_ path: String, _ report: UpdateReport) -> [String] {
    guard !report.problems.isEmpty else {
      let version = report.manifest.map { "version \($0.toVersion)" } ?? "update"
      return ["\(path): \(version) fits"]
    }
    return report.problems.map { "\(path): does not fit: \($0)" }
  }

  private static func json(_ path: String, _ report: UpdateReport) -> JSONValue {
    .object([
      ("file", .string(path)), ("fits", .bool(report.problems.isEmpty)),
      ("fromVersion", report.manifest?.parent.map { .unsigned($0.version) } ?? .null),
      ("toVersion", report.manifest.map { .unsigned($0.toVersion) } ?? .null),
      (
        "problems",
        .array(
          report.problems.map { problem in
            let failure = DeviceFailure.failure(problem)
            return .object([
              ("exit", .number(Int64(failure.exit.rawValue))),
              ("message", .string(failure.message)),
            ])
          })
      ),
    ])
  }
}
