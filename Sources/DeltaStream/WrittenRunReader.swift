internal import Bytes
internal import Linux
internal import SendStream

/// Puts a file of the new tree together from the commands of the run that writes it.
struct WrittenRunReader {
  /// Where in the plain stream the run begins.
  let start: UInt64
  /// The file as far as commands came.
  private(set) var file: WrittenFile
  /// Whether a command came that does not go on with the run.
  private(set) var hasEnded = false
  private var path: [UInt8]?
  /// The parent as CLONEs name it.
  private let parent: SubvolumeUUID?
  private let tree: ParentTree?
  private var shared: (path: [UInt8], file: ParentFile)?

  init(
    in stream: PlainStreamFile, from start: UInt64, parent: SubvolumeUUID?, _ tree: ParentTree?
  ) {
    self.start = start
    self.parent = parent
    self.tree = tree
    file = WrittenFile(in: stream)
  }

  /// Takes a command that ends at a place in the plain stream; `false` if the run does not go on
  /// with it.
  mutating func add(
    _ command: borrowing Command, endingAt end: UInt64
  ) throws(SystemError) -> Bool {
    switch copy command {
    case .write(let path, let offset, let data) where goesOn(path, offset):
      // In the normal form the data is the command's end.
      let length = UInt64(data.byteCount)
      try file.add(length: length, at: end - length)
    case .clone(let path, let offset, let length, let uuid, _, let source, let place)
    where goesOn(path, offset) && uuid == parent:
      try file.add(length: length, at: place, shared: open(source))
    default: hasEnded = true
    }
    return !hasEnded
  }

  private mutating func goesOn(_ path: RawSpan, _ offset: UInt64) -> Bool {
    guard let known = self.path else {
      self.path = [UInt8](copying: path)
      return offset == 0
    }
    return offset == file.length && path.hasSameBytes(as: known.rawSpan)
  }

  private mutating func open(_ source: RawSpan) throws(SystemError) -> ParentFile {
    if let shared, source.hasSameBytes(as: shared.path.rawSpan) { return shared.file }
    let path = [UInt8](copying: source)
    guard let tree, StreamPath.isBeneathRoot(source) else {
      throw SystemError(
        operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
    }
    let opened = try tree.open(path)
    shared = (path, opened)
    return opened
  }
}
