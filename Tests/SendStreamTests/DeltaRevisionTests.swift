import Bytes
import SendStream
import TestSupport
import Testing

@Suite("Reading delta streams")
struct DeltaRevisionTests {
  private static let delta: UInt32 = 0x0001_0002
  private static let patch = CommandKind(rawValue: 0x8001)
  private static let subvolume = rawSubvolume(checksum: 0)
  private static let end = rawCommand(.end, checksum: 0)

  private func kinds(_ bytes: [UInt8]) throws(StreamError) -> [CommandKind] {
    try StreamContents(bytes, reader: StreamReader(maximumRevision: 1)).kinds
  }

  @Test("A delta stream is refused by a reader that was not asked to accept one")
  func refused() throws {
    let bytes = streamHeader(Self.delta) + Self.subvolume + Self.end
    let version = StreamVersion(base: 2, revision: 1)
    #expect(version.rawValue == Self.delta)
    #expect(throws: StreamError.unsupportedVersion(version, offset: 0)) {
      try StreamContents(bytes)
    }
    let accepted = try kinds(bytes)
    #expect(accepted == [.subvolume, .end])
  }

  @Test("A newer revision is refused, and so is one over an unknown base")
  func newer() {
    for raw in [0x0002_0002, 0x0001_0000, 0x0001_0004, 0xffff_0001] as [UInt32] {
      let version = StreamVersion(rawValue: raw)
      #expect(throws: StreamError.unsupportedVersion(version, offset: 0)) {
        try kinds(streamHeader(raw) + Self.subvolume + Self.end)
      }
    }
  }

  @Test("Its commands carry no checksum: any but zero is refused, even the right one")
  func checksum() {
    let right = streamHeader(Self.delta) + rawSubvolume() + Self.end
    let error = #expect(throws: StreamError.self) { try kinds(right) }
    guard case .unexpectedChecksum(.subvolume, let stored, 17) = error, stored != 0 else {
      Issue.record("\(String(describing: error))")
      return
    }
    let one = streamHeader(Self.delta) + Self.subvolume + rawCommand(.end, checksum: 1)
    let offset = UInt64(17 + Self.subvolume.count)
    #expect(throws: StreamError.unexpectedChecksum(.end, stored: 1, offset: offset)) {
      try kinds(one)
    }
  }

  @Test("A plain stream keeps its checksums when delta streams are accepted too")
  func plainChecksum() {
    let bytes = streamHeader(2) + Self.subvolume + Self.end
    let error = #expect(throws: StreamError.self) { try kinds(bytes) }
    guard case .checksumMismatch(.subvolume, 0, _, 17) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("Commands from 0x8000 on are read as frames, before the subvolume too")
  func extensions() throws {
    let bytes =
      streamHeader(Self.delta) + rawCommand(CommandKind(rawValue: 0x8000), checksum: 0)
      + Self.subvolume + rawCommand(Self.patch, tlv(.path, "f"), checksum: 0)
      + rawCommand(CommandKind(rawValue: .max), checksum: 0) + Self.end
    let contents = try StreamContents(bytes, reader: StreamReader(maximumRevision: 1))
    let numbers = contents.kinds.map(\.rawValue)
    #expect(numbers == [0x8000, 1, 0x8001, 0xffff, 21])
    #expect(contents.copied == bytes)
  }

  @Test("A command of its own does not stand for the subvolume that has to come first")
  func extensionFirst() {
    let start = streamHeader(Self.delta) + rawCommand(Self.patch, checksum: 0)
    #expect(throws: StreamError.commandOutsideSubvolume(.end, offset: UInt64(start.count))) {
      try kinds(start + Self.end)
    }
  }

  @Test("Numbers between btrfs's last and 0x8000 stay unknown")
  func between() {
    for number in [27, 0x7fff] as [UInt16] {
      let kind = CommandKind(rawValue: number)
      #expect(throws: StreamError.unknownCommand(kind, offset: 17)) {
        try kinds(streamHeader(Self.delta) + rawCommand(kind, checksum: 0))
      }
    }
  }

  @Test("Attributes from 0xC000 on have no length and reach to the command's end")
  func withoutLength() throws {
    let last = AttributeKind(rawValue: 0xc000)
    let data = [UInt8](repeating: 9, count: 70_000)
    for base in [1, 2] as [UInt16] {
      var writer = StreamWriter(version: StreamVersion(base: base, revision: 1))
      writer.beginCommand()
      writer.attribute(.size, UInt64(5))
      try writer.attribute(last, data.rawSpan)
      writer.endCommand(Self.patch)
      let attributes = tlv(.size, number: UInt64(5)) + tlvToEnd(last, data)
      #expect(writer.bytes == rawCommand(Self.patch, attributes, checksum: 0))
      let frame = Frame(
        kind: Self.patch, payload: attributes.rawSpan,
        version: StreamVersion(base: base, revision: 1))
      var reader = AttributeReader(frame)
      let first = try reader.next()?.kind
      #expect(first == .size)
      if let attribute = try reader.next() {
        #expect(attribute.kind == last)
        #expect(attribute.value.byteCount == data.count)
        #expect(attribute.offset == 10 + 12)
      } else {
        Issue.record("the last attribute is missing")
      }
      let isAtEnd = try reader.next() == nil
      #expect(isAtEnd)
    }
  }

  @Test("Just below 0xC000 an attribute has a length like any other")
  func withLength() throws {
    let payload = tlv(AttributeKind(rawValue: 0xbfff), [1, 2]) + tlv(.size, number: UInt64(1))
    let frame = Frame(
      kind: Self.patch, payload: payload.rawSpan, version: StreamVersion(rawValue: Self.delta))
    var reader = AttributeReader(frame)
    let length = try reader.next()?.value.byteCount
    #expect(length == 2)
  }

  @Test("A delta stream's own command cannot be written into a plain stream")
  func intoPlain() {
    let frame = Frame(
      kind: Self.patch, payload: [UInt8]().rawSpan, version: StreamVersion(rawValue: Self.delta),
      offset: 5)
    var writer = StreamWriter(version: StreamVersion(base: 2))
    #expect(throws: StreamError.unknownCommand(Self.patch, offset: 5)) { try writer.write(frame) }
    #expect(writer.bytes.isEmpty)
  }

  @Test("A plain command gets its checksum back when it leaves a delta stream")
  func backToPlain() throws {
    let delta = StreamVersion(base: 2, revision: 1)
    let bytes = try SampleCommands.stream(delta)
    var reader = StreamReader(maximumRevision: 1)
    reader.allowsNewerCommands = true
    var writer = StreamWriter(version: StreamVersion(base: 2))
    writer.writeHeader()
    reader.append(bytes.rawSpan)
    while let element = try reader.next() {
      if case .command(let frame) = element { try writer.write(frame) }
    }
    let plain = try SampleCommands.stream(StreamVersion(base: 2))
    #expect(writer.bytes == plain)
    #expect(bytes.count == plain.count)
  }
}
