internal import Bytes
internal import CommandSupport
internal import DeltaStream
internal import Linux
internal import SendStream

/// Prints the elements of a stream as `dump` was asked to.
struct DumpPrinter: ~Copyable {
  private let form: DumpCommand.Form
  private var formatter: DumpFormatter
  private var output: StandardOutput
  private var statistics = StreamStatistics()

  init(form: DumpCommand.Form, style: DumpCommand.Style) throws(SystemError) {
    self.form = form
    formatter = DumpFormatter(
      style: style == .progs6_2 ? .btrfsProgs6_2 : .btrfsProgs6_10,
      utcOffset: { LocalTime.utcOffset(at: $0) })
    output = try StandardOutput()
  }

  /// Prints, or counts, one element.
  mutating func print(_ element: borrowing StreamElement) throws {
    if case .command(let frame) = copy element, frame.kind == .manifest {
      StandardError.write("btrfs-delta: note: an update file; what is shown is not verified\n")
    }
    switch form {
    case .count: try statistics.add(element)
    case .json: try output.line(CommandJSON.value(of: element).text)
    case .text:
      guard case .command(let frame) = copy element else { return }
      let line = try line(for: frame)
      if !line.isEmpty { try output.line(line) }
    }
  }

  /// Prints the totals, if they are wanted, and writes what is buffered.
  mutating func finish() throws {
    if form == .count { try printTotals() }
    try flush()
  }

  /// Writes what is buffered.
  mutating func flush() throws { try output.flush() }

  private mutating func line(for frame: borrowing Frame) throws -> [UInt8] {
    guard frame.kind.isExtension else { return formatter.line(for: try Command(parsing: frame)) }
    var line: [UInt8] = []
    guard frame.kind == .patch else {
      return Array("\(Self.name(of: frame.kind)) len=\(frame.payload.byteCount)".utf8)
    }
    let patch = try PatchCommand(parsing: frame)
    formatter.append(name: "patch", path: patch.path, to: &line)
    line += Array(
      " offset=\(patch.offset) len=\(patch.length) patch=\(patch.data.byteCount)".utf8)
    if patch.isOpened { line += Array(" opened".utf8) }
    for source in patch.sources {
      line += Array((source.tree == .parent ? " from=" : " from_new=").utf8)
      formatter.append(escaping: source.path, to: &line)
      line += Array(" from_offset=\(source.offset) from_len=\(source.length)".utf8)
      if let position = source.tree.position { line += Array(" from_written=\(position)".utf8) }
    }
    var clones = patch.clones
    while let clone = try clones.next(in: frame.offset) {
      line += Array(
        " shared=\(clone.offset) shared_len=\(clone.length) shared_from=\(clone.sourceOffset)".utf8)
    }
    return line
  }

  private static func name(of kind: CommandKind) -> String {
    switch kind {
    case .manifest: "manifest"
    case .signature: "signature"
    default: "\(kind)"
    }
  }

  private mutating func printTotals() throws {
    for (kind, count) in statistics.counts {
      try output.line("\(pad("\(kind)")) \(count)")
    }
    try output.line("\(pad("streams")) \(statistics.streamCount)")
    try output.line("\(pad("subvolumes")) \(statistics.subvolumeCount)")
    try output.line("\(pad("commands")) \(statistics.commandCount)")
    try output.line("\(pad("data bytes")) \(statistics.dataByteCount)")
    try output.line("\(pad("bytes")) \(statistics.byteCount)")
  }

  private func pad(_ name: String) -> String {
    name + String(repeating: " ", count: max(0, 16 - name.count))
  }
}
