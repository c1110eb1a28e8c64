internal import Bytes
internal import CommandSupport
internal import Linux
internal import XZ

/// The bytes of a stream, which may be compressed by xz.
struct StreamSource: ~Copyable {
  private let file: Descriptor
  private var input: [UInt8]
  private var position = 0
  private var decoder: XZDecoder?
  private var hasEnded = false
  /// Where the stream's commands end, if nothing behind END is to be read.
  private var frames: FrameLengths?

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
  /// - Parameter stopsAtEnd: whether the END of the first stream is the end. Of a stream that is not
  ///   compressed, nothing behind it is read then: somebody else may go on there.
  init(_ path: String, stopsAtEnd: Bool = false) throws {
    let file = path == "-" ? try Descriptor.standardInput() : try Descriptor.open(path)
    let start = try Self.start(of: file)
    let isCompressed = start == Self.xzMagic
    decoder =
      isCompressed
      ? try XZDecoder(memoryLimit: Self.memoryLimit, concatenated: true) : nil
    frames = stopsAtEnd ? FrameLengths() : nil
    let status = try file.status()
    length = status.type == .regular ? status.size : 0
    bytesRead = UInt64(start.count)
    input = start
    self.file = file
  }

  private static func start(of file: borrowing Descriptor) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(upTo: xzMagic.count) { (out) throws(SystemError) in try file.fill(&out) }
    return bytes
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

  private mutating func read(atMost count: Int = chunkLength) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(upTo: Swift.min(count, Self.chunkLength)) { (out) throws(SystemError) in
      try file.read(into: &out)
    }
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
