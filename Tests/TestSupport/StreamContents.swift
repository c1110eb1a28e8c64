internal import Bytes
public import SendStream

extension StreamReader {
  /// One that reads the samples, which have every command in every version.
  public static var lenient: StreamReader {
    var reader = StreamReader()
    reader.allowsNewerCommands = true
    return reader
  }
}

/// All that reading a whole stream gives.
public struct StreamContents: Equatable, Sendable {
  /// The versions in the headers.
  public var versions: [StreamVersion] = []
  /// The commands' numbers.
  public var kinds: [CommandKind] = []
  /// The headers and commands, written again from what they were understood as.
  public var written: [UInt8] = []
  /// The headers and commands, written again as they were framed.
  public var copied: [UInt8] = []
  /// A line a command but END, as the formatter gives it.
  public var dump: [UInt8] = []
  /// How much of everything there is.
  public var statistics = StreamStatistics()

  /// Reads a stream from its bytes.
  ///
  /// - Parameter chunk: how many bytes the reader is given at a time.
  public init(
    _ bytes: [UInt8], chunk: Int = .max, reader: consuming StreamReader = .lenient,
    dump formatter: DumpFormatter = DumpFormatter(style: .btrfsProgs6_2)
  ) throws(StreamError) {
    var reader = reader
    var formatter = formatter
    let all = bytes.rawSpan
    var at = 0
    while at < all.byteCount {
      let count = min(chunk, all.byteCount - at)
      reader.append(all.extracting(at..<at + count))
      at += count
      while let element = try reader.next() { try add(element, &formatter) }
    }
    try reader.finish()
  }

  private mutating func add(
    _ element: borrowing StreamElement, _ formatter: inout DumpFormatter
  ) throws(StreamError) {
    try statistics.add(element)
    switch copy element {
    case .header(let version):
      versions.append(version)
      var writer = StreamWriter(version: version)
      writer.writeHeader()
      written += writer.bytes
      copied += writer.bytes
    case .command(let frame): try add(frame, &formatter)
    }
  }

  private mutating func add(
    _ frame: borrowing Frame, _ formatter: inout DumpFormatter
  ) throws(StreamError) {
    kinds.append(frame.kind)
    var writer = StreamWriter(version: frame.version)
    try writer.write(frame)
    copied += writer.bytes
    if frame.kind.isExtension { return written += writer.bytes }
    writer.removeAll()
    let command = try Command(parsing: frame)
    try writer.write(command)
    written += writer.bytes
    let line = formatter.line(for: command)
    if !line.isEmpty { dump += line + [UInt8(ascii: "\n")] }
  }
}

/// The first line in which two texts differ, as both have it; `nil` when they are the same.
public func firstDifferentLine(_ text: [UInt8], _ expected: [UInt8]) -> String? {
  if text == expected { return nil }
  let split = { (text: [UInt8]) in
    text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) } + ["(no more lines)"]
  }
  return zip(split(text), split(expected)).first { $0 != $1 }.map { "\($0) instead of \($1)" }
    ?? "bytes that are not UTF-8"
}

/// Reads a whole stream from its bytes, command by command.
public func forEachFrame(
  in stream: [UInt8], _ body: (borrowing Frame) throws -> Void
) throws {
  var reader = StreamReader()
  reader.append(stream.rawSpan)
  while let element = try reader.next() {
    if case .command(let frame) = element { try body(frame) }
  }
  try reader.finish()
}
