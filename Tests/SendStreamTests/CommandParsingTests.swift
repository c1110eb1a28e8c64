import Bytes
import SendStream
import TestSupport
import Testing

@Suite("Looking into commands")
struct CommandParsingTests {
  private static let one = StreamVersion(base: 1)
  private static let two = StreamVersion(base: 2)
  private static let path = tlv(.path, "f")
  private static let offset = tlv(.fileOffset, number: UInt64(7))

  /// The line that a command is dumped as, which says what it was understood as.
  private func line(
    _ kind: CommandKind, _ payload: [UInt8], _ version: StreamVersion = one
  ) throws(StreamError) -> String {
    let frame = Frame(kind: kind, payload: payload.rawSpan, version: version, offset: 100)
    let command = try Command(parsing: frame)
    var formatter = DumpFormatter()
    return String(decoding: formatter.line(for: command), as: UTF8.self)
  }

  /// The attributes of every sample command, one by one.
  private func everySample(
    _ body: (CommandKind, [[UInt8]]) throws -> Void
  ) throws {
    var reader = StreamReader.lenient
    let samples = try SampleCommands.stream(Self.one)
    reader.append(samples.rawSpan)
    var seen: Set<CommandKind> = []
    while let element = try reader.next() {
      guard case .command(let frame) = element, seen.insert(frame.kind).inserted else { continue }
      var attributes: [[UInt8]] = []
      var attributeReader = AttributeReader(frame)
      while let attribute = try attributeReader.next() {
        attributes.append(tlv(attribute.kind, [UInt8](copying: attribute.value)))
      }
      try body(frame.kind, attributes)
    }
    #expect(seen.count == 26)
  }

  private func kind(of attribute: [UInt8]) -> AttributeKind {
    AttributeKind(rawValue: UInt16(attribute[0]) | UInt16(attribute[1]) << 8)
  }

  @Test("Attributes may come in any order")
  func anyOrder() throws {
    var random = SeededGenerator.ofTest("order of attributes")
    try everySample { kind, attributes in
      let expected = try line(kind, attributes.flatMap(\.self))
      for _ in 0..<5 {
        let shuffled = attributes.shuffled(using: &random)
        let shuffledLine = try line(kind, shuffled.flatMap(\.self))
        #expect(shuffledLine == expected)
      }
    }
  }

  @Test("Each attribute is needed, but for those with a default")
  func missing() throws {
    try everySample { kind, attributes in
      for index in attributes.indices {
        var rest = attributes
        let removed = self.kind(of: rest.remove(at: index))
        if removed == .compression || removed == .encryption {
          _ = try line(kind, rest.flatMap(\.self))
        } else {
          #expect(throws: StreamError.missingAttribute(removed, in: kind, offset: 100)) {
            try line(kind, rest.flatMap(\.self))
          }
        }
      }
    }
  }

  @Test("No attribute may be there twice")
  func duplicates() throws {
    try everySample { kind, attributes in
      let length = attributes.reduce(0) { $0 + $1.count }
      for attribute in attributes {
        let payload = attributes.flatMap(\.self) + attribute
        #expect(
          throws: StreamError.duplicateAttribute(
            self.kind(of: attribute), in: kind, offset: UInt64(110 + length))
        ) { try line(kind, payload) }
      }
    }
  }

  @Test("Numbers, UUIDs and times have their length and no other")
  func wrongLengths() throws {
    let free: Set<AttributeKind> = [
      .path, .pathTo, .pathLink, .xattrName, .xattrData, .data, .clonePath, .veritySalt,
      .veritySignature,
    ]
    try everySample { kind, attributes in
      for index in attributes.indices where !free.contains(self.kind(of: attributes[index])) {
        let attribute = self.kind(of: attributes[index])
        let value = Array(attributes[index].dropFirst(4))
        for wrong in [Array(value.dropLast()), value + [0], []] {
          var changed = attributes
          changed[index] = tlv(attribute, wrong)
          #expect(
            throws: StreamError.wrongAttributeLength(
              attribute, length: wrong.count, in: kind, offset: 100)
          ) { try line(kind, changed.flatMap(\.self)) }
        }
      }
    }
  }

  @Test("A command cut at any byte within its attributes is refused")
  func cut() throws {
    try everySample { kind, attributes in
      let payload = attributes.flatMap(\.self)
      for count in 0..<min(payload.count, 120) where !attributes.isEmpty {
        #expect(throws: StreamError.self) { try line(kind, Array(payload.prefix(count))) }
      }
    }
  }

  @Test("A length that reaches past the end of the command is refused, wherever it is")
  func longLength() {
    let lie = tlv(.size, littleEndian(UInt64(1)), length: 9)
    #expect(throws: StreamError.truncatedAttribute(.truncate, offset: 115)) {
      try line(.truncate, Self.path + lie)
    }
    #expect(throws: StreamError.truncatedAttribute(.unlink, offset: 110)) {
      try line(.unlink, tlv(.path, Array("f".utf8), length: .max))
    }
    for count in 1...3 {
      #expect(throws: StreamError.truncatedAttribute(.unlink, offset: 115)) {
        try line(.unlink, Self.path + [UInt8](repeating: 1, count: count))
      }
    }
  }

  @Test("Unknown attributes are refused", arguments: [0, 36, 99, 0x8000, 0xbfff] as [UInt16])
  func unknownAttribute(number: UInt16) {
    let kind = AttributeKind(rawValue: number)
    #expect(throws: StreamError.unknownAttribute(kind, in: .unlink, offset: 115)) {
      try line(.unlink, Self.path + tlv(kind, []))
    }
  }

  @Test("Attributes that a command does not use are passed over")
  func unusedAttribute() throws {
    let text = try line(.unlink, tlv(.size, number: UInt64(1)) + Self.path)
    #expect(text == "unlink          ./f")
  }

  @Test("In version 1 DATA has a length, from version 2 on it reaches to the end")
  func dataRule() throws {
    let start = Self.path + Self.offset
    let written = "write           ./f                             offset=7 len="
    for (payload, version, length) in [
      (start + tlv(.data, [1, 2, 3]), Self.one, 3), (start + tlvToEnd(.data, [1, 2]), Self.two, 2),
      (start + tlv(.data, [1, 2, 3]), Self.two, 5), (start + tlv(.data, []), Self.one, 0),
      (start + tlvToEnd(.data, []), Self.two, 0), (tlv(.data, [1]) + start, Self.one, 1),
    ] {
      let text = try line(.write, payload, version)
      #expect(text == written + String(length))
    }
    let first = tlvToEnd(.data, [1]) + start
    #expect(throws: StreamError.missingAttribute(.path, in: .write, offset: 100)) {
      try line(.write, first, Self.two)
    }
    #expect(throws: StreamError.truncatedAttribute(.write, offset: 127)) {
      try line(.write, start + tlvToEnd(.data, []), Self.one)
    }
  }

  @Test("Commands and attributes newer than the stream's version are unknown")
  func newerThanTheStream() throws {
    for (number, base) in [(23, 1), (24, 1), (25, 1), (26, 1), (26, 2)] as [(UInt16, UInt32)] {
      let kind = CommandKind(rawValue: number)
      let start = streamHeader(base) + rawSubvolume()
      let bytes = start + rawCommand(kind, Self.path) + rawCommand(.end)
      let contents = try? StreamContents(bytes, reader: StreamReader())
      #expect(contents == nil)
      #expect(throws: StreamError.unknownCommand(kind, offset: UInt64(start.count))) {
        try StreamContents(bytes, reader: StreamReader())
      }
    }
    for (number, base) in [(25, 1), (31, 1), (32, 2), (35, 2)] as [(UInt16, UInt32)] {
      let attribute = AttributeKind(rawValue: number)
      let start = streamHeader(base) + rawSubvolume()
      let bytes = start + rawCommand(.unlink, Self.path, tlv(attribute, [1])) + rawCommand(.end)
      let offset = UInt64(start.count + 10 + Self.path.count)
      #expect(throws: StreamError.unknownAttribute(attribute, in: .unlink, offset: offset)) {
        try StreamContents(bytes, reader: StreamReader())
      }
    }
  }

  @Test("Commands newer than the stream's version are read if asked for, as stock tools do")
  func newerCommand() throws {
    let payload =
      Self.path + tlv(.allocationMode, number: UInt32(3)) + Self.offset
      + tlv(.size, number: UInt64(9))
    let text = try line(.allocate, payload)
    #expect(text == "fallocate       ./f                             mode=3 offset=7 len=9")
  }

  @Test("A delta stream's own command is no command of btrfs")
  func extensionCommand() {
    let kind = CommandKind(rawValue: 0x8001)
    #expect(throws: StreamError.unknownCommand(kind, offset: 100)) { try line(kind, Self.path) }
  }

  @Test("Every error says in words what is wrong")
  func descriptions() {
    let error = StreamError.missingAttribute(.cloneCtransid, in: .clone, offset: 12)
    #expect(error.description == "clone at byte 12 has no CLONE_CTRANSID")
    let unknown = StreamError.unknownCommand(CommandKind(rawValue: 99), offset: 3)
    #expect(unknown.description == "unknown command 99 at byte 3")
    let version = StreamError.unsupportedVersion(StreamVersion(base: 2, revision: 1), offset: 0)
    #expect(
      version.description == "stream version 2, delta revision 1 is not supported (at byte 0)")
    #expect(AttributeKind(rawValue: 77).description == "attribute 77")
  }

  @Test("A UUID is spelled as everywhere")
  func uuid() {
    let uuid = SubvolumeUUID(counting: 0x05)
    #expect(uuid.description == "05060708-090a-0b0c-0d0e-0f1011121314")
    #expect(uuid.bytes == Array(0x05...0x14))
    #expect(SubvolumeUUID([1, 2, 3].rawSpan) == nil)
  }
}
