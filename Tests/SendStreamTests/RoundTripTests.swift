import Bytes
import SendStream
import TestSupport
import Testing

@Suite("Writing what was read")
struct RoundTripTests {
  static let versions = [1, 2, 3].map { StreamVersion(base: $0) }

  @Test("Every command comes back to the byte in every version", arguments: versions)
  func everyCommand(version: StreamVersion) throws {
    let bytes = try SampleCommands.stream(version)
    let contents = try StreamContents(bytes)
    #expect(contents.versions == [version])
    #expect(contents.written == bytes)
    #expect(contents.copied == bytes)
    let every = (CommandKind.subvolume.rawValue...CommandKind.enableVerity.rawValue)
    #expect(Set(contents.kinds) == Set(every.map(CommandKind.init(rawValue:))))
  }

  @Test("END is always the same ten bytes", arguments: versions)
  func endCommand(version: StreamVersion) throws {
    var writer = StreamWriter(version: version)
    try writer.write(Command.end)
    #expect(writer.bytes == [0, 0, 0, 0, 0x15, 0, 0x50, 0x6c, 0xc9, 0x9d])
  }

  @Test("A header is the magic with its NUL and the version", arguments: versions)
  func header(version: StreamVersion) {
    var writer = StreamWriter(version: version)
    writer.writeHeader()
    #expect(writer.bytes == streamHeader(UInt32(version.base)))
  }

  @Test("A WRITE has the bytes that the kernel gives it")
  func goldenWrite() throws {
    let (path, data) = (Array("f".utf8), Array("hi".utf8))
    let start: [UInt8] = [15, 0, 1, 0, 0x66, 18, 0, 8, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]
    for (base, end) in [(1, [19, 0, 2, 0]), (2, [19, 0]), (3, [19, 0])] as [(UInt16, [UInt8])] {
      var writer = StreamWriter(version: StreamVersion(base: base))
      try writer.write(.write(path: path.rawSpan, offset: 4_096, data: data.rawSpan))
      #expect(writer.bytes == rawCommand(.write, start, end, data))
    }
  }

  @Test("CLONE is written in the kernel's unusual order")
  func goldenClone() throws {
    let (path, source) = (Array("to".utf8), Array("from".utf8))
    var writer = StreamWriter(version: StreamVersion(base: 1))
    try writer.write(
      .clone(
        path: path.rawSpan, offset: 1, length: 2, sourceUUID: SubvolumeUUID(counting: 3),
        sourceCtransid: 4, sourcePath: source.rawSpan, sourceOffset: 5))
    let expected = rawCommand(
      .clone, tlv(.fileOffset, number: UInt64(1)), tlv(.cloneLength, number: UInt64(2)),
      tlv(.path, "to"), tlv(.cloneUUID, Array(3..<19)), tlv(.cloneCtransid, number: UInt64(4)),
      tlv(.clonePath, "from"), tlv(.cloneOffset, number: UInt64(5)))
    #expect(writer.bytes == expected)
  }

  @Test("Version 1 holds 65,535 bytes of data and no more, and refusing leaves no trace")
  func dataTooLong() throws {
    let (path, data) = (Array("f".utf8), [UInt8](repeating: 1, count: 65_536))
    var writer = StreamWriter(version: StreamVersion(base: 1))
    try writer.write(Command.end)
    #expect(throws: StreamError.attributeTooLong(.data, length: 65_536)) {
      try writer.write(.write(path: path.rawSpan, offset: 0, data: data.rawSpan))
    }
    #expect(writer.bytes == rawCommand(.end))
    let most = data.rawSpan.extracting(first: 65_535)
    try writer.write(.write(path: path.rawSpan, offset: 0, data: most))
    #expect(writer.bytes.count == 10 + 10 + 5 + 12 + 4 + 65_535)
    var second = StreamWriter(version: StreamVersion(base: 2))
    try second.write(.write(path: path.rawSpan, offset: 0, data: data.rawSpan))
    #expect(second.bytes.count == 10 + 5 + 12 + 2 + 65_536)
  }

  @Test("A path that no length field holds is refused in every version", arguments: versions)
  func pathTooLong(version: StreamVersion) {
    let path = [UInt8](repeating: 0x61, count: 65_536)
    var writer = StreamWriter(version: version)
    #expect(throws: StreamError.attributeTooLong(.path, length: 65_536)) {
      try writer.write(.unlink(path: path.rawSpan))
    }
    #expect(writer.bytes.isEmpty)
  }

  @Test("Frames are written in another version as if they had been made for it")
  func otherVersion() throws {
    for (from, to) in [(1, 2), (2, 1), (1, 3), (3, 1), (2, 3)] as [(UInt16, UInt16)] {
      let source = try SampleCommands.stream(StreamVersion(base: from))
      let expected = try SampleCommands.stream(StreamVersion(base: to))
      var reader = StreamReader.lenient
      var writer = StreamWriter(version: StreamVersion(base: to))
      writer.writeHeader()
      reader.append(source.rawSpan)
      while let element = try reader.next() {
        if case .command(let frame) = element { try writer.write(frame) }
      }
      #expect(writer.bytes == expected)
    }
  }

  @Test("Data that version 1 cannot hold is refused when a frame goes there")
  func otherVersionTooLong() throws {
    let payload = tlv(.path, "f") + tlvToEnd(.data, [UInt8](repeating: 0, count: 65_536))
    let frame = Frame(kind: .write, payload: payload.rawSpan, version: StreamVersion(base: 2))
    var writer = StreamWriter(version: StreamVersion(base: 1))
    #expect(throws: StreamError.attributeTooLong(.data, length: 65_536)) {
      try writer.write(frame)
    }
    #expect(writer.bytes.isEmpty)
  }

  @Test("A frame with DATA twice does not go to another version")
  func otherVersionDuplicate() throws {
    let payload = tlv(.data, [1]) + tlv(.data, [2])
    let frame = Frame(kind: .write, payload: payload.rawSpan, version: StreamVersion(base: 1))
    var writer = StreamWriter(version: StreamVersion(base: 2))
    #expect(throws: StreamError.duplicateAttribute(.data, in: .write, offset: 15)) {
      try writer.write(frame)
    }
    #expect(writer.bytes.isEmpty)
  }
}
