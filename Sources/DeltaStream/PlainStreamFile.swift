internal import Bytes
public import Linux
internal import SendStream

/// The plain stream as far as it has come, in a file: where files of the new tree are read by who
/// has no such tree.
///
/// A file that a patch may copy from is written by one run of WRITEs, and of CLONEs from the parent,
/// that begins at its first byte; `PatchSource.Tree.new` says where in the stream that is.
///
/// Memory: a megabyte. Room on disk: the plain stream, unless it is there already.
public final class PlainStreamFile {
  private let file: Descriptor
  private let version: StreamVersion
  /// Whether the whole stream is in the file.
  private let isWhole: Bool
  /// What is not in the file yet.
  private var buffer: [UInt8] = []
  private var flushed: UInt64 = 0
  /// How many bytes of the stream have come.
  private var length: UInt64
  /// The parent as SNAPSHOT names it.
  private var parent: SubvolumeUUID?

  private static let bufferLength = 1 << 20
  private static let readLength = 256 << 10

  /// A stream of which there is only the header yet, kept in an empty file.
  public init(keepingIn file: consuming Descriptor, base: UInt16) {
    self.file = file
    version = StreamVersion(base: base)
    isWhole = false
    buffer = StreamHeader.bytes(version: version)
    length = UInt64(buffer.count)
  }

  /// A stream that is in a file from start to end, and that comes once more.
  public init(whole file: consuming Descriptor, base: UInt16) {
    self.file = file
    version = StreamVersion(base: base)
    isWhole = true
    length = UInt64(StreamHeader.length)
  }

  /// The file's name in messages.
  var name: String { file.path }

  /// Takes the next command of the stream.
  func note(_ frame: borrowing Frame) throws(SystemError) {
    if frame.kind == .snapshot { parent = ParentIdentity(ofSnapshot: frame)?.uuid }
    length += UInt64(Frame.headerLength + frame.payload.byteCount)
    if isWhole { return }
    frame.appendHeader(to: &buffer)
    buffer.append(copying: frame.payload)
    if buffer.count >= Self.bufferLength { try flush() }
  }

  /// Fills the room from a place in the stream.
  func read(at place: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    try flush()
    try file.fill(&out, at: place)
  }

  /// Finds what a file was written by, as far as a source needs it.
  ///
  /// - Throws: `ENOENT` if no run from a file's start on begins there, `EFBIG` if it has too many parts.
  func open(_ source: PatchSource, parent tree: ParentTree?) throws(SystemError) -> WrittenFile {
    try flush()
    // A source that was parsed ends inside the longest file.
    let needed = source.offset + source.length
    let start = source.tree.position ?? length
    var run = WrittenRunReader(in: self, from: start, parent: parent, tree)
    var reader = StreamReader(continuing: version, insideSubvolume: true)
    var position = start
    while run.file.length < needed || run.file.length == 0 {
      if try Self.next(&reader, &run) { continue }
      guard !run.hasEnded, try append(&position, to: &reader) else { break }
    }
    guard run.file.length > 0 else {
      throw SystemError(
        operation: "open", path: String(decoding: source.path, as: UTF8.self), errno: .noSuchFile)
    }
    return run.file
  }

  /// The command borrows the reader while the run grows: as parameters they are apart.
  private static func next(
    _ reader: inout StreamReader, _ run: inout WrittenRunReader
  ) throws(SystemError) -> Bool {
    // What is no command here is no run either.
    guard let element = try? reader.next(), case .command(let frame) = element,
      let command = try? Command(parsing: frame)
    else { return false }
    let length = UInt64(Frame.headerLength + frame.payload.byteCount)
    return try run.add(command, endingAt: run.start + frame.offset + length)
  }

  /// Reads on as far as the stream has come; `false` at its end.
  private func append(
    _ position: inout UInt64, to reader: inout StreamReader
  ) throws(SystemError) -> Bool {
    guard position < length else { return false }
    let count = Swift.min(UInt64(Self.readLength), length - position)
    let bytes = try file.bytes(at: position, count: Int(count))
    position += UInt64(bytes.count)
    reader.append(bytes.rawSpan)
    return !bytes.isEmpty
  }

  private func flush() throws(SystemError) {
    if isWhole || buffer.isEmpty { return }
    let bytes = buffer
    try file.write(bytes.rawSpan, at: flushed)
    flushed += UInt64(bytes.count)
    buffer.removeAll(keepingCapacity: true)
  }
}
