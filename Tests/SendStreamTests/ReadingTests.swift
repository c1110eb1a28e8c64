import Bytes
import SendStream
import TestSupport
import Testing

@Suite("Reading streams")
struct ReadingTests {
  /// A short stream with commands of several kinds.
  static let short =
    streamHeader(1) + rawSubvolume() + rawCommand(.makeFile, tlv(.path, "f"), inode)
    + rawCommand(.write, tlv(.path, "f"), tlv(.fileOffset, number: UInt64(0)), tlv(.data, "data"))
    + rawCommand(.end)

  static let inode = tlv(.inode, number: UInt64(257))

  @Test("A stream cut at any byte waits for more, and is refused when no more comes")
  func cut() throws {
    for count in 0..<Self.short.count {
      var reader = StreamReader()
      reader.append(Self.short.rawSpan.extracting(first: count))
      var offset: UInt64 = 0
      while try reader.next() != nil { offset = reader.offset }
      #expect(throws: StreamError.truncated(offset: offset)) { try reader.finish() }
      reader.append(Self.short.rawSpan.extracting(count..<Self.short.count))
      while try reader.next() != nil {}
      try reader.finish()
    }
  }

  @Test("Nothing at all is no stream")
  func empty() {
    let reader = StreamReader()
    #expect(throws: StreamError.truncated(offset: 0)) { try reader.finish() }
  }

  @Test("Bytes that come one by one, or in odd pieces, give the same as at once")
  func pieces() throws {
    let bytes = try SampleCommands.stream(StreamVersion(base: 2))
    let atOnce = try StreamContents(bytes)
    for chunk in [1, 7, 4_096] {
      let contents = try StreamContents(bytes, chunk: chunk)
      #expect(contents == atOnce)
    }
  }

  @Test("Offsets are those of the commands in the bytes")
  func offsets() throws {
    var reader = StreamReader()
    reader.append(Self.short.rawSpan)
    var offsets: [UInt64] = []
    while let element = try reader.next() {
      if case .command(let frame) = element { offsets.append(frame.offset) }
    }
    let file = UInt64(17 + rawSubvolume().count)
    #expect(offsets == [17, file, file + 27, file + 27 + 10 + 5 + 12 + 8])
    let (end, isBetweenStreams) = (reader.offset, reader.isBetweenStreams)
    #expect(end == UInt64(Self.short.count))
    #expect(isBetweenStreams)
  }

  @Test("Every flipped bit of the first header and of every command's header is an error")
  func flippedBits() throws {
    var headers = Array(0..<17)
    var reader = StreamReader()
    reader.append(Self.short.rawSpan)
    while let element = try reader.next() {
      if case .command(let frame) = element {
        headers += Int(frame.offset)..<Int(frame.offset) + 10
      }
    }
    #expect(headers.count == 17 + 4 * 10)
    for position in headers {
      for bit in 0..<8 where !(position == 13 && bit < 2) {
        var bytes = Self.short
        bytes[position] ^= 1 << bit
        let error = #expect(throws: StreamError.self) { try StreamContents(bytes) }
        if position < 13 { #expect(error == .notASendStream(offset: 0)) }
        if case .truncatedAttribute = error { Issue.record("a checksum did not cover \(position)") }
      }
    }
  }

  @Test("The two bits of the version that name another known version are told by the DATA rule")
  func flippedVersion() throws {
    for bit in 0..<2 {
      var bytes = Self.short
      bytes[13] ^= 1 << bit
      if bytes[13] == 0 {
        #expect(throws: StreamError.unsupportedVersion(StreamVersion(rawValue: 0), offset: 0)) {
          try StreamContents(bytes)
        }
      } else {
        let contents = try StreamContents(bytes)
        #expect(contents.statistics.dataByteCount == 6, "the length field is data here")
      }
    }
  }

  @Test("A wrong checksum is refused with both sums")
  func checksum() {
    let bytes = streamHeader(1) + rawSubvolume(checksum: 0x1234)
    let error = #expect(throws: StreamError.self) { try StreamContents(bytes) }
    guard case .checksumMismatch(.subvolume, 0x1234, let computed, 17) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(rawSubvolume(checksum: computed) == rawSubvolume())
  }

  @Test(
    "Bytes that do not begin as a stream are refused as soon as that is certain",
    arguments: ["c", "btrfs-strean", "btrfs-stream\u{1}", "\u{1f}\u{8b}"])
  func otherFile(text: String) {
    var reader = StreamReader()
    reader.append(Array(text.utf8).rawSpan)
    #expect(throws: StreamError.notASendStream(offset: 0)) { while try reader.next() != nil {} }
  }

  @Test("Versions past the highest accepted are refused", arguments: [1, 2, 3] as [UInt16])
  func versions(maximum: UInt16) throws {
    for base in 0...5 as ClosedRange<UInt32> {
      let bytes = streamHeader(base) + rawSubvolume() + rawCommand(.end)
      if base >= 1, base <= UInt32(maximum) {
        let contents = try StreamContents(bytes, reader: StreamReader(maximumBase: maximum))
        #expect(contents.kinds == [.subvolume, .end])
      } else {
        let version = StreamVersion(rawValue: base)
        #expect(throws: StreamError.unsupportedVersion(version, offset: 0)) {
          try StreamContents(bytes, reader: StreamReader(maximumBase: maximum))
        }
      }
    }
  }

  @Test("Version 4 is refused even when it is asked for")
  func noVersion4() {
    let bytes = streamHeader(4) + rawSubvolume() + rawCommand(.end)
    #expect(throws: StreamError.unsupportedVersion(StreamVersion(base: 4), offset: 0)) {
      try StreamContents(bytes, reader: StreamReader(maximumBase: 4))
    }
  }

  @Test("Streams may follow each other, of different versions too")
  func backToBack() throws {
    let second = try SampleCommands.stream(StreamVersion(base: 2))
    let bytes = Self.short + second + Self.short
    let contents = try StreamContents(bytes)
    #expect(contents.versions.map(\.base) == [1, 2, 1])
    #expect(contents.written == bytes)
  }

  @Test("After END comes a header or nothing")
  func afterEnd() {
    let more = Self.short + rawCommand(.end)
    #expect(throws: StreamError.notASendStream(offset: UInt64(Self.short.count))) {
      try StreamContents(more)
    }
    let cut = Self.short + streamHeader(1).prefix(9)
    #expect(throws: StreamError.truncated(offset: UInt64(Self.short.count))) {
      try StreamContents(cut)
    }
  }

  @Test("A stream of several subvolumes needs no END between them")
  func omittedEnd() throws {
    let bytes =
      streamHeader(1) + rawSubvolume("a") + rawCommand(.makeFile, tlv(.path, "f"), Self.inode)
      + rawSubvolume("b") + rawCommand(.end)
    let contents = try StreamContents(bytes)
    #expect(contents.kinds == [.subvolume, .makeFile, .subvolume, .end])
    #expect(contents.written == bytes)
  }

  @Test("A stream that ends without END is refused")
  func missingEnd() {
    let bytes = streamHeader(1) + rawSubvolume()
    #expect(throws: StreamError.truncated(offset: UInt64(bytes.count))) {
      try StreamContents(bytes)
    }
  }

  @Test("No command but SUBVOL or SNAPSHOT may be a stream's first")
  func firstCommand() {
    for number in 3...26 as ClosedRange<UInt16> {
      let kind = CommandKind(rawValue: number)
      let bytes = streamHeader(3) + rawCommand(kind, tlv(.path, "f"), Self.inode)
      #expect(throws: StreamError.commandOutsideSubvolume(kind, offset: 17)) {
        try StreamContents(bytes)
      }
      let second = Self.short + bytes
      let offset = UInt64(Self.short.count + 17)
      #expect(throws: StreamError.commandOutsideSubvolume(kind, offset: offset)) {
        try StreamContents(second)
      }
    }
  }

  @Test("Unknown commands are refused", arguments: [0, 27, 99, 0x7fff, 0x8000, 0xffff] as [UInt16])
  func unknownCommand(number: UInt16) {
    let start = streamHeader(2) + rawSubvolume()
    let kind = CommandKind(rawValue: number)
    #expect(throws: StreamError.unknownCommand(kind, offset: UInt64(start.count))) {
      try StreamContents(start + rawCommand(kind))
    }
  }

  @Test("A command over the limit is refused by its header alone, one at the limit is read")
  func tooLong() throws {
    let start = streamHeader(1) + rawSubvolume()
    let limits = StreamLimits(commandLength: 100)
    for length in [101, UInt32.max] {
      var reader = StreamReader(limits: limits)
      reader.append((start + rawCommand(.unlink, length: length)).rawSpan)
      #expect(
        throws: StreamError.commandTooLong(
          .unlink, length: length, limit: 100, offset: UInt64(start.count))
      ) { while try reader.next() != nil {} }
    }
    let most = rawCommand(.unlink, tlv(.path, [UInt8](repeating: 0x61, count: 96)))
    #expect(most.count == 110)
    let bytes = start + most + rawCommand(.end)
    let contents = try StreamContents(bytes, reader: StreamReader(limits: limits))
    #expect(contents.written == bytes)
  }

  @Test("The standard limit is 16 MiB")
  func standardLimit() {
    let bytes = streamHeader(2) + rawCommand(.subvolume, length: (16 << 20) + 1)
    #expect(
      throws: StreamError.commandTooLong(
        .subvolume, length: (16 << 20) + 1, limit: 16 << 20, offset: 17)
    ) { try StreamContents(bytes) }
  }

  @Test("Damaged and random bytes give an error or a stream, and never a trap")
  func randomBytes() throws {
    var random = SeededGenerator.ofTest("random streams")
    let good = try SampleCommands.stream(StreamVersion(base: 2)).prefix(6_000)
    for round in 0..<300 {
      var bytes = Array(good.prefix(Int.random(in: 0...good.count, using: &random)))
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if round % 3 == 0 { bytes = streamHeader(1) + random.bytes(200) }
      do throws(StreamError) {
        _ = try StreamContents(bytes, chunk: Int.random(in: 1...9_000, using: &random))
        Issue.record("a cut stream was read to its end")
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test("Random attributes with good checksums give an error or a command, and never a trap")
  func randomAttributes() {
    var random = SeededGenerator.ofTest("random attributes")
    var parsed = 0
    for _ in 0..<4_000 {
      let kind = CommandKind(rawValue: UInt16.random(in: 1...26, using: &random))
      var payload: [UInt8] = []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let attribute = AttributeKind(rawValue: UInt16.random(in: 0...37, using: &random))
        let widths = [0, 1, 4, 8, 12, 16].randomElement(using: &random) ?? 8
        payload += tlv(attribute, random.bytes(widths))
      }
      if Bool.random(using: &random) {
        payload += random.bytes(Int.random(in: 0...5, using: &random))
      }
      let base = UInt16.random(in: 1...3, using: &random)
      let frame = Frame(
        kind: kind, payload: payload.rawSpan, version: StreamVersion(base: base), offset: .max)
      do throws(StreamError) {
        _ = try Command(parsing: frame)
        parsed += 1
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
    #expect(parsed > 0)
  }
}
