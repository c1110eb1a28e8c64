internal import Bytes
internal import CommandSupport
internal import UpdateBuilder

/// An explanation as people and scripts read it.
struct ExplanationReport {
  let explanation: UpdateExplanation
  let headLength: Int
  let payloadLength: UInt64
  let limit: Int

  private var shown: ArraySlice<UpdateExplanation.File> { explanation.files.prefix(limit) }

  /// Two tables: the forms, and the largest files.
  var text: String {
    var lines = [
      "\(UInt64(headLength) + payloadLength) bytes: head \(headLength), payload \(payloadLength)",
      "",
      Self.row("form", ["in file", "share", "in delta", "writes", "commands"]),
    ]
    for form in UpdateExplanation.Form.allCases {
      guard let sum = explanation.forms[form] else { continue }
      lines.append(Self.row(form.rawValue, columns(sum)))
    }
    lines += [
      Self.row("all", columns(explanation.total)), "",
      "the largest \(shown.count) of \(explanation.files.count) files; "
        + "control, values, extra, fields and plain are bytes before compression", "",
      Self.row(
        "form",
        ["in file", "share", "control", "values", "extra", "fields", "plain", "writes"], "file"),
    ]
    for file in shown { lines.append(line(file)) }
    return lines.joined(separator: "\n")
  }

  /// The same as an object.
  var json: JSONValue {
    .object([
      ("headLength", .unsigned(UInt64(headLength))),
      ("payloadLength", .unsigned(payloadLength)),
      (
        "forms",
        .object(
          UpdateExplanation.Form.allCases.compactMap { form in
            explanation.forms[form].map { (form.rawValue, Self.json($0)) }
          })
      ),
      ("total", Self.json(explanation.total)),
      ("fileCount", .unsigned(UInt64(explanation.files.count))),
      ("files", .array(shown.map(Self.json))),
    ])
  }

  private func columns(_ sum: UpdateExplanation.Sum) -> [String] {
    [
      Self.whole(sum.compressedLength), share(sum.compressedLength), "\(sum.deltaLength)",
      "\(sum.writtenLength)", "\(sum.commandCount)",
    ]
  }

  private func line(_ file: UpdateExplanation.File) -> String {
    Self.row(
      file.form.rawValue,
      [
        Self.whole(file.sum.compressedLength), share(file.sum.compressedLength),
        "\(file.controlLength)", "\(file.valuesLength)", "\(file.extraLength)",
        "\(file.projectionLength)", "\(file.plainLength)", "\(file.sum.writtenLength)",
      ],
      Self.name(file.path) + Self.sources(of: file))
  }

  /// What a file is patched against besides itself. An initrd is against hundreds: JSON has them all.
  private static func sources(of file: UpdateExplanation.File) -> String {
    let sources = file.sources.filter { $0 != file.path }
    if sources.isEmpty { return "" }
    let shown = sources.prefix(maximumSources).map(name).joined(separator: ", ")
    let rest = sources.count - maximumSources
    return " <- " + shown + (rest > 0 ? " and \(rest) more" : "")
  }

  private static let maximumSources = 3

  private func share(_ length: Double) -> String {
    let tenths = payloadLength == 0 ? 0 : Int(length / Double(payloadLength) * 1000 + 0.5)
    return "\(tenths / 10).\(tenths % 10)%"
  }

  private static func whole(_ length: Double) -> String { "\(UInt64(length + 0.5))" }

  private static func name(_ path: [UInt8]) -> String {
    QuotedText.oneLine(String(decoding: path, as: UTF8.self))
  }

  private static func row(_ name: String, _ columns: [String], _ rest: String = "") -> String {
    let widths = [11, 7]
    var line = padded(name, to: 9, left: true)
    for (index, column) in columns.enumerated() {
      line += " " + padded(column, to: index < widths.count ? widths[index] : 11, left: false)
    }
    return rest.isEmpty ? line : line + "  " + rest
  }

  private static func padded(_ text: String, to width: Int, left: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? text + space : space + text
  }

  private static func json(_ sum: UpdateExplanation.Sum) -> JSONValue {
    .object(members(sum))
  }

  private static func members(_ sum: UpdateExplanation.Sum) -> [(String, JSONValue)] {
    [
      ("compressed", .unsigned(UInt64(sum.compressedLength + 0.5))),
      ("delta", .unsigned(sum.deltaLength)), ("written", .unsigned(sum.writtenLength)),
      ("commands", .unsigned(UInt64(sum.commandCount))),
    ]
  }

  private static func json(_ file: UpdateExplanation.File) -> JSONValue {
    .object(
      [
        ("path", .name(file.path)), ("kind", .string(file.form.rawValue)),
        ("sources", .array(file.sources.map { .name($0) })),
        ("control", .unsigned(file.controlLength)), ("values", .unsigned(file.valuesLength)),
        ("extra", .unsigned(file.extraLength)),
        ("projection", .unsigned(file.projectionLength)),
        ("plain", .unsigned(file.plainLength)),
      ] + members(file.sum))
  }
}
