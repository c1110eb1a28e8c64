internal import Bytes
internal import CommandSupport
internal import Linux
internal import SendStream
internal import XZ

/// The bytes of a stream, which may be compressed by xz.
///
/// A pipe that nothing comes from ends when somebody asks to stop: ``CommandFailure`` is thrown then.
struct StreamSource: ~Copyable {
  private let file: Descriptor
  private var input: [UInt8]
  private var position = 0
  private var decoder: XZDecoder?
  private var hasEnded = false
  /// Where the stream's commands end, if nothing behind END is to be read.
  private var frames: FrameLengths?

  private let waiting: Waiting

  /// How many bytes were read so far.
  private(set) var bytesRead: UInt64 = 0

  /// How many there are; 0 where that is not known.
  let length: UInt64

  private static let chunkLength = 256 << 10
  /// What xz may take: enough for its largest preset, with room.
  private static let memoryLimit: UInt64 = 2 << 30
  private static let xzMagic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

  /// Opens a file, or standard input for `-`, and looks whether it is compressed.
  ///
  /// - Parameters:
  ///   - stopsAtEnd: whether the END of the first stream is the end. Of a stream that is not
  ///     compressed, nothing behind it is read then: somebody else may go on there.
  ///   - stopped: what is said when somebody asks to stop.
  init(_ path: String, stopsAtEnd: Bool = false, stopped: String = "stopped") throws {
    // To open a FIFO must not wait, either.
    let file =
      path == "-" ? try Descriptor.standardInput() : try Descriptor.open(path, .nonBlocking)
    let status = try file.status()
    let waiting = Waiting(
      mayWait: status.type != .regular, stopped: CommandFailure(.cancelled, stopped))
    let start = try Self.start(of: file, waiting)
    let isCompressed = start == Self.xzMagic
    decoder =
      isCompressed
      ? try XZDecoder(memoryLimit: Self.memoryLimit, concatenated: true) : nil
    length = status.type == .regular ? status.size : 0
    frames = stopsAtEnd ? FrameLengths() : nil
    bytesRead = UInt64(start.count)
    input = start
    self.waiting = waiting
    self.file = file
  }

  private static func start(
    of file: borrowing Descriptor, _ waiting: Waiting
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < xzMagic.count {
      let more = try waiting.bytes(of: file, atMost: xzMagic.count - bytes.count)
      if more.isEmpty { break }
      bytes += more
    }
    return bytes
  }

  /// Gives a reader the next bytes; `false` at the end.
  mutating func feed(_ reader: inout StreamReader) throws -> Bool {
    guard decoder == nil, frames == nil, input.isEmpty, !hasEnded else {
      guard let bytes = try next() else { return false }
      reader.append(bytes.rawSpan)
      return true
    }
    // Read where it is parsed, nothing is copied.
    let before = reader.bufferedByteCount
    try waiting.read(file) { (file) throws(SystemError) in
      try reader.append(upTo: Self.chunkLength) { (out) throws(SystemError) in
        try file.read(into: &out)
      }
    }
    let count = reader.bufferedByteCount - before
    bytesRead += UInt64(count)
    hasEnded = count == 0
    return !hasEnded
  }

  /// The next bytes; `nil` at the end.
  mutating func next() throws -> [UInt8]? {
    if hasEnded { return nil }
    var bytes: [UInt8] = []
    if decoder == nil {
      bytes = input
      input = []
      if bytes.isEmpty { bytes = try read(atMost: frames?.wanted ?? Self.chunkLength) }
      hasEnded = bytes.isEmpty
    } else {
      try decode(into: &bytes)
    }
    if let end = frames?.end(in: bytes) {
      bytes.removeSubrange(end...)
      hasEnded = true
    }
    return bytes.isEmpty ? nil : bytes
  }

  private mutating func read(atMost count: Int = chunkLength) throws -> [UInt8] {
    let bytes = try waiting.bytes(of: file, atMost: Swift.min(count, Self.chunkLength))
    bytesRead += UInt64(bytes.count)
    return bytes
  }

  /// Decodes until there is output, or the input has ended.
  private mutating func decode(into bytes: inout [UInt8]) throws {
    while bytes.isEmpty, !hasEnded {
      if position == input.count {
        input = try read()
        position = 0
      }
      let (consumed, ended) = try Self.step(&decoder, input, from: position, into: &bytes)
      position += consumed
      hasEnded = ended
    }
  }

  private static func step(
    _ decoder: inout XZDecoder?, _ input: [UInt8], from position: Int, into bytes: inout [UInt8]
  ) throws -> (consumed: Int, ended: Bool) {
    var consumed = 0
    var ended = false
    try bytes.append(upTo: chunkLength) { (out) throws(XZError) in
      if input.isEmpty {
        ended = try decoder?.finish(into: &out) == .streamEnd
      } else {
        let rest = input.rawSpan.extracting(droppingFirst: position)
        consumed = try decoder?.decode(rest, into: &out).consumed ?? 0
      }
    }
    return (consumed, ended)
  }
}

/// How a file is read that may keep its reader waiting.
private struct Waiting {
  let mayWait: Bool
  /// What is thrown when somebody asks to stop.
  let stopped: CommandFailure

  /// What there is to read, up to a number of bytes; nothing at the end.
  func bytes(of file: borrowing Descriptor, atMost count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(file) { (file) throws(SystemError) in
      try bytes.append(upTo: count) { (out) throws(SystemError) in try file.read(into: &out) }
    }
    return bytes
  }

  /// Reads once there is something to read.
  func read(
    _ file: borrowing Descriptor, _ body: (borrowing Descriptor) throws(SystemError) -> Void
  ) throws {
    while true {
      if Interruption.isRequested { throw stopped }
      if mayWait, try Interruption.comes(before: file) { throw stopped }
      do throws(SystemError) { return try body(file) } catch {
        // Another reader was faster.
        if error.errno != .wouldBlock { throw error }
      }
    }
  }
}
