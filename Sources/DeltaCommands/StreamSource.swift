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

  private static let chunkLength = 256 << 10
  /// What xz may take: enough for its largest preset, with room.
  private static let memoryLimit: UInt64 = 2 << 30
  private static let xzMagic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

  /// Opens a file, or standard input for `-`, and looks whether it is compressed.
  init(_ path: String) throws {
    let file = path == "-" ? try Descriptor.standardInput() : try Descriptor.open(path)
    let start = try Self.start(of: file)
    decoder =
      start == Self.xzMagic
      ? try XZDecoder(memoryLimit: Self.memoryLimit, concatenated: true) : nil
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
      if bytes.isEmpty { bytes = try read() }
      hasEnded = bytes.isEmpty
    } else {
      try decode(into: &bytes)
    }
    return bytes.isEmpty ? nil : bytes
  }

  private func read() throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(upTo: Self.chunkLength) { (out) throws(SystemError) in
      try file.read(into: &out)
    }
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
