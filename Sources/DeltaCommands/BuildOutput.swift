internal import Bytes
internal import CommandSupport
internal import UpdateBuilder

/// What is said of an update that was built.
enum BuildOutput {
  static func warn(_ report: BuildReport) {
    for path in report.nestedSubvolumes {
      let name = QuotedText.oneLine(String(decoding: path, as: UTF8.self))
      StandardError.write(
        "btrfs-delta: warning: \"\(name)\" is a subvolume of its own, and not part of the update\n")
    }
  }

  static func text(_ report: BuildReport, _ output: String) -> String {
    let versions =
      report.fromVersion.map { "\($0) -> \(report.toVersion)" } ?? "\(report.toVersion)"
    return """
      \(output): version \(versions), \(ByteCount(report.fileLength)) (\(report.fileLength) bytes)
      stands for a send stream of \(ByteCount(report.plainLength)); \
      \(report.patchedRuns) patches, applying takes \(ByteCount(report.applyMemory)) of memory
      """
  }

  static func json(_ report: BuildReport, _ output: String) -> JSONValue {
    .object([
      ("file", .string(output)), ("fileLength", .unsigned(report.fileLength)),
      ("fromVersion", report.fromVersion.map { .unsigned($0) } ?? .null),
      ("toVersion", .unsigned(report.toVersion)), ("plainLength", .unsigned(report.plainLength)),
      ("deltaLength", .unsigned(report.deltaLength)),
      ("patches", .number(Int64(report.patchedRuns))),
      ("applyMemory", .unsigned(report.applyMemory)),
      ("nestedSubvolumes", .array(report.nestedSubvolumes.map { JSONValue.name($0) })),
    ])
  }
}
