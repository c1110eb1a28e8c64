internal import Bytes
internal import CommandSupport
internal import UpdateInstaller

/// What is on a device's disk, as people and scripts read it.
enum DeviceReport {
  static func text(_ status: DeviceStatus) -> String {
    var lines = [
      "current:  \(text(status.current))",
      "last:     \(text(status.last))",
      "floor:    \(status.floor.map { "\($0)" } ?? "none")",
      "boot:     \(status.boot.backend)",
    ]
    lines += trialLines(status.boot)
    lines += status.versions.map { "version:  \(text($0))" }
    if let pending = status.pending {
      lines.append("pending:  \(pending) was interrupted; `recover`, or the next command, ends it")
    }
    if let half = status.halfInstalled {
      lines.append(
        "partial:  version \(half.version) is half installed (\(half.sectionsDone) of "
          + "\(half.sectionCount) sections); apply the same file to go on")
    }
    if !status.leftOfReset.isEmpty {
      lines.append(
        "reset:    not finished: \(status.leftOfReset.joined(separator: ", ")) still to go; "
          + "`recover` tries again, `prune` makes room")
    }
    lines += status.leftovers.map { "leftover: \($0)" }
    return lines.joined(separator: "\n")
  }

  static func text(_ version: InstalledVersion) -> String {
    var notes: [String] = []
    if !version.isReadOnly { notes.append("writable") }
    if version.isUntouched == false { notes.append("written to since it was installed") }
    let end = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
    return "\(version.version)\(end)"
  }

  static func json(_ status: DeviceStatus) -> JSONValue {
    .object([
      ("current", json(status.current)), ("last", json(status.last)),
      ("floor", status.floor.map { .unsigned($0.number) } ?? .null),
      ("boot", json(status.boot)),
      ("trial", status.boot.trial.map { json($0) } ?? .null),
      ("failure", status.boot.failure.map { json($0) } ?? .null),
      ("versions", .array(status.versions.map { json($0) })),
      ("keys", KeyReport(status.keys).json),
      ("pending", status.pending.map { .string("\($0)") } ?? .null),
      ("halfInstalled", json(status.halfInstalled)),
      ("leftOfReset", .array(status.leftOfReset.map { .string($0) })),
      ("leftovers", .array(status.leftovers.map { .string($0) })),
    ])
  }

  private static func json(_ half: HalfInstalledVersion?) -> JSONValue {
    guard let half else { return .null }
    return .object([
      ("version", .unsigned(half.version.number)),
      ("sectionsDone", .number(Int64(half.sectionsDone))),
      ("sections", .number(Int64(half.sectionCount))),
    ])
  }

  static func json(_ version: InstalledVersion) -> JSONValue {
    .object([
      ("version", .unsigned(version.version.number)), ("uuid", .string("\(version.uuid)")),
      (
        "receivedUUID",
        version.receivedUUID.isZero ? .null : .string("\(version.receivedUUID)")
      ),
      ("readOnly", .bool(version.isReadOnly)),
      ("untouched", version.isUntouched.map { .bool($0) } ?? .null),
    ])
  }

  private static func text(_ system: BootableSystem?) -> String {
    guard let system else { return "none" }
    let version = system.version.map { "version \($0)" } ?? "of no known version"
    return version + (system.isRunning ? ", running" : "")
  }

  private static func json(_ system: BootableSystem?) -> JSONValue {
    guard let system else { return .null }
    return .object([
      ("version", system.version.map { .unsigned($0.number) } ?? .null),
      ("uuid", .string("\(system.uuid)")), ("running", .bool(system.isRunning)),
    ])
  }
}
