internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Linux
internal import Tree
internal import UpdateBuilder

extension DigestCommand {
  /// Prints what a tree holds, in two numbers.
  func printTree() throws {
    guard output == nil else {
      throw CommandFailure(.usage, "--output is for the message of an update file, not for a tree")
    }
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let reading = BuildProgress { _, done, _ in
      reporter.show("reading", done: done, of: 0)
      return !Interruption.isRequested
    }
    var context = ChainContext(trust: try chain.trust())
    context.parent = try parent.map { try TreeSource(text: $0, context: context).catalog(reading) }
    let source = TreeSource(text: file, ownership: ownership.files, context: context)
    let summary = try source.summary(reading)
    reporter.finish()
    for path in summary.leftOut {
      StandardError.write("left out, as in every update: \(QuotedText.quoted(path))\n")
    }
    try StandardOutput.write(json ? Self.json(summary).text : Self.text(summary))
  }

  private static func text(_ summary: TreeSummary) -> String {
    """
    content  \(summary.digest.content)
    full     \(summary.digest.full)
    \(summary.totals.entries) names, \(ByteCount(summary.totals.dataBytes)) in files
    """
  }

  private static func json(_ summary: TreeSummary) -> JSONValue {
    .object([
      ("contentDigest", .string("\(summary.digest.content)")),
      ("fullDigest", .string("\(summary.digest.full)")),
      ("entries", .unsigned(summary.totals.entries)),
      ("dataBytes", .unsigned(summary.totals.dataBytes)),
      ("leftOut", .array(summary.leftOut.map { .name($0) })),
    ])
  }
}
