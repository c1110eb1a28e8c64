import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

private let version = StreamVersion(base: 2, revision: 1)

/// What a PATCH was understood as.
private struct Parsed: Equatable {
  var path: [UInt8]
  var offset: UInt64
  var length: UInt64
  var sources: [PatchSource]
  var data: [UInt8]
}

private func parse(
  _ payload: [UInt8], base: UInt16 = 2
) throws(DeltaStreamError) -> Parsed {
  let frame = Frame(
    kind: .patch, payload: payload.rawSpan, version: StreamVersion(base: base, revision: 1),
    offset: 40)
  let command = try PatchCommand(parsing: frame)
  return Parsed(
    path: [UInt8](copying: command.path), offset: command.offset, length: command.length,
    sources: command.sources, data: [UInt8](copying: command.data))
}

private func source(_ path: [UInt8], at offset: UInt64 = 0, _ length: UInt64 = 9) -> [UInt8] {
  var value: [UInt8] = [0]
  value.append(varint: offset)
  value.append(varint: length)
  return tlv(.patchSource, value + path)
}

/// The attributes of a good PATCH, apart.
private struct Attributes {
  var path = tlv(.path, "new/f")
  var offset = tlv(.fileOffset, number: UInt64(4096))
  var size = tlv(.size, number: UInt64(300))
  var source = tlv(.patchSource, [0, 0x80, 0x01, 9] + Array("old/f".utf8))
  var data = tlvToEnd(.patchData, [1, 2, 3])

  var all: [[UInt8]] { [path, offset, size, source, data] }
  var bytes: [UInt8] { all.flatMap(\.self) }
}

@Suite("The PATCH command")
struct PatchCommandTests {
  @Test("What was written is read again", arguments: [1, 2] as [UInt16])
  func roundTrip(base: UInt16) throws {
    let path = Array("usr/lib/libfoo.so.1".utf8)
    let data = [UInt8](repeating: 7, count: 70_000)
    let sources = (1...16).map { index in
      PatchSource(
        path: Array("old/\(index)".utf8), offset: UInt64(index) << 33, length: UInt64(index))
    }
    var writer = StreamWriter(version: StreamVersion(base: base, revision: 1))
    try writer.writePatch(
      path: path.rawSpan, offset: 1 << 40, length: 5 << 20, sources: sources,
      data: data.rawSpan)
    let payload = Array(writer.bytes[Frame.headerLength...])
    let parsed = try parse(payload, base: base)
    #expect(
      parsed
        == Parsed(path: path, offset: 1 << 40, length: 5 << 20, sources: sources, data: data))
    #expect(writer.bytes == rawCommand(.patch, payload, checksum: 0))
  }

  @Test(
    "Its bytes are those of the format, whatever the base version", arguments: [1, 2] as [UInt16])
  func golden(base: UInt16) throws {
    var writer = StreamWriter(version: StreamVersion(base: base, revision: 1))
    let (path, data) = (Array("ab".utf8), [0xaa, 0xbb] as [UInt8])
    let sources = [PatchSource(path: Array("x".utf8), offset: 300, length: 5)]
    try writer.writePatch(
      path: path.rawSpan, offset: 0x0102, length: 3, sources: sources, data: data.rawSpan)
    let expected: [UInt8] = [
      0x2b, 0, 0, 0, 0x02, 0x80, 0, 0, 0, 0,
      0x0f, 0, 2, 0, 0x61, 0x62,
      0x12, 0, 8, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0,
      0x04, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0,
      0x70, 0x80, 5, 0, 0, 0xac, 0x02, 5, 0x78,
      0x03, 0xc0, 0xaa, 0xbb,
    ]
    #expect(writer.bytes == expected)
  }

  @Test("A source in the new tree says where in the stream it is written")
  func newSource() throws {
    var attributes = Attributes()
    attributes.source = tlv(.patchSource, [1, 0x80, 0x01, 9, 0xac, 0x02] + Array("o258-9-0".utf8))
    let parsed = try parse(attributes.bytes)
    let source = PatchSource(
      tree: .new(writtenAt: 300), path: Array("o258-9-0".utf8), offset: 128, length: 9)
    #expect(parsed.sources == [source])
    var writer = StreamWriter(version: version)
    let data = [1, 2, 3] as [UInt8]
    try writer.writePatch(
      path: parsed.path.rawSpan, offset: parsed.offset, length: parsed.length, sources: [source],
      data: data.rawSpan)
    #expect(writer.bytes == rawCommand(.patch, attributes.bytes, checksum: 0))
  }

  @Test("A file is no source of itself, but its old self may be")
  func itself() throws {
    var attributes = Attributes()
    attributes.source = tlv(.patchSource, [1, 0, 9, 20] + Array("new/f".utf8))
    #expect(throws: DeltaStreamError.sourceIsTarget(offset: 40)) { try parse(attributes.bytes) }
    attributes.source = source(Array("new/f".utf8))
    _ = try parse(attributes.bytes)
  }

  @Test("It is not written into a plain stream, where stock tools would skip it in silence")
  func intoPlain() {
    var writer = StreamWriter(version: StreamVersion(base: 2))
    let bytes = Array("x".utf8)
    #expect(throws: StreamError.unknownCommand(.patch, offset: 0)) {
      try writer.writePatch(
        path: bytes.rawSpan, offset: 0, length: 1,
        sources: [PatchSource(path: bytes, offset: 0, length: 1)], data: bytes.rawSpan)
    }
    #expect(writer.bytes.isEmpty)
  }

  @Test("Attributes in any other order are refused")
  func order() throws {
    let good = Attributes().all
    let parsed = try parse(good.flatMap(\.self))
    #expect(parsed.sources == [PatchSource(path: Array("old/f".utf8), offset: 128, length: 9)])
    for first in good.indices {
      for second in good.indices where second > first {
        var swapped = good
        swapped.swapAt(first, second)
        #expect(throws: DeltaStreamError.self, "\(first), \(second)") {
          try parse(swapped.flatMap(\.self))
        }
      }
    }
  }

  @Test("A missing attribute is named")
  func missing() {
    let kinds: [AttributeKind] = [.path, .fileOffset, .size, .patchSource, .patchData]
    for (index, kind) in kinds.enumerated() {
      var attributes = Attributes().all
      attributes.remove(at: index)
      #expect(throws: DeltaStreamError.malformedPatch(kind, offset: 40)) {
        try parse(attributes.flatMap(\.self))
      }
    }
    #expect(throws: DeltaStreamError.malformedPatch(.path, offset: 40)) { try parse([]) }
  }

  @Test("An attribute is not there twice, but for the sources")
  func twice() throws {
    for index in 0..<3 {
      var attributes = Attributes().all
      attributes.insert(attributes[index], at: index)
      #expect(throws: DeltaStreamError.self) { try parse(attributes.flatMap(\.self)) }
    }
    var attributes = Attributes().all
    attributes.insert(attributes[3], at: 3)
    let parsed = try parse(attributes.flatMap(\.self))
    #expect(parsed.sources.count == 2)
  }

  @Test("An attribute that is none of its own is refused, wherever it is")
  func unknown() {
    for kind in [AttributeKind.data, .mode, AttributeKind(rawValue: 0x8072), .inode] {
      for place in 0...4 {
        var attributes = Attributes().all
        attributes.insert(tlv(kind, [1, 2, 3]), at: place)
        #expect(throws: DeltaStreamError.self) { try parse(attributes.flatMap(\.self)) }
      }
    }
  }

  @Test("Numbers have exactly eight bytes")
  func numbers() {
    for length in [0, 1, 4, 7, 9, 16] {
      let value = [UInt8](repeating: 1, count: length)
      var attributes = Attributes()
      attributes.offset = tlv(.fileOffset, value)
      #expect(throws: DeltaStreamError.malformedPatch(.fileOffset, offset: 40)) {
        try parse(attributes.bytes)
      }
      attributes = Attributes()
      attributes.size = tlv(.size, value)
      #expect(throws: DeltaStreamError.malformedPatch(.size, offset: 40)) {
        try parse(attributes.bytes)
      }
    }
  }

  @Test("A patch of nothing is refused, and one that ends behind the longest file")
  func range() throws {
    var attributes = Attributes()
    attributes.size = tlv(.size, number: UInt64(0))
    #expect(throws: DeltaStreamError.malformedPatch(.size, offset: 40)) {
      try parse(attributes.bytes)
    }
    let last = UInt64(Int64.max)
    for (offset, size) in [
      (last, 1), (1, last), (last + 1, 1), (.max, 1), (.max, .max), (0, last + 1), (2, .max),
    ] as [(UInt64, UInt64)] {
      attributes.offset = tlv(.fileOffset, number: offset)
      attributes.size = tlv(.size, number: size)
      #expect(throws: DeltaStreamError.offsetOverflow(offset: 40)) { try parse(attributes.bytes) }
    }
    attributes.offset = tlv(.fileOffset, number: last - 5)
    attributes.size = tlv(.size, number: UInt64(5))
    let parsed = try parse(attributes.bytes)
    #expect(parsed.offset == last - 5)
  }

  @Test("There are at most sixteen sources, and at least one")
  func sourceCount() throws {
    let attributes = Attributes()
    let start = attributes.path + attributes.offset + attributes.size
    for count in [1, 16] {
      let sources = Array(repeating: attributes.source, count: count).flatMap(\.self)
      let parsed = try parse(start + sources + attributes.data)
      #expect(parsed.sources.count == count)
    }
    let sources = Array(repeating: attributes.source, count: 17).flatMap(\.self)
    #expect(throws: DeltaStreamError.tooManySources(offset: 40)) {
      try parse(start + sources + attributes.data)
    }
  }

  @Test("A source is a tree, two shortest numbers and a path")
  func sources() {
    let path = Array("x".utf8)
    let wrong: [[UInt8]] = [
      [], [0], [0, 1], [2, 0, 1] + path, [1], [1, 0], [1, 0, 1], [1, 0, 1, 0x80, 0] + path,
      [0xff, 0, 1] + path, [0, 0x80, 0x00, 1] + path,
      [0, 0, 0x80], [0] + [UInt8](repeating: 0xff, count: 10) + [1] + path,
    ]
    for value in wrong {
      var attributes = Attributes()
      attributes.source = tlv(.patchSource, value)
      #expect(throws: DeltaStreamError.malformedPatch(.patchSource, offset: 40), "\(value)") {
        try parse(attributes.bytes)
      }
    }
    for (offset, length) in [
      (.max, 1), (1, .max), (1 << 63, 1), (UInt64(Int64.max), 1),
    ] as [(UInt64, UInt64)] {
      var attributes = Attributes()
      attributes.source = source(path, at: offset, length)
      #expect(throws: DeltaStreamError.malformedPatch(.patchSource, offset: 40)) {
        try parse(attributes.bytes)
      }
    }
  }

  @Test("Paths stay beneath the root: the target's and the sources'")
  func paths() throws {
    let long = [UInt8](repeating: 0x61, count: 256)
    let bad: [[UInt8]] = [
      [], Array("..".utf8), Array("../x".utf8), Array("a/../b".utf8), Array("/a".utf8),
      Array("a/".utf8), Array("a//b".utf8), Array(".".utf8), Array("a/./b".utf8),
      Array("a\0b".utf8), [0], long,
      Array(Array(repeating: long.prefix(250), count: 17).joined(separator: [0x2f])),
    ]
    for path in bad {
      var attributes = Attributes()
      attributes.path = tlv(.path, path)
      #expect(throws: DeltaStreamError.badPath(offset: 40), "\(path)") {
        try parse(attributes.bytes)
      }
      attributes = Attributes()
      attributes.source = source(path)
      #expect(throws: DeltaStreamError.badPath(offset: 40), "\(path)") {
        try parse(attributes.bytes)
      }
    }
    var attributes = Attributes()
    attributes.path = tlv(.path, Array("a/..b/.c/...".utf8) + [0xff])
    _ = try parse(attributes.bytes)
  }

  @Test("Cut at any byte before the patch's own, it is refused")
  func cut() throws {
    let bytes = Attributes().bytes
    for count in 0..<bytes.count - 3 {
      #expect(throws: DeltaStreamError.self, "\(count)") { try parse(Array(bytes[..<count])) }
    }
    // The patch itself has no length: what is left of it is for the patch's reader.
    let empty = try parse(Array(bytes.dropLast(3)))
    #expect(empty.data.isEmpty)
  }

  @Test("A length that lies is refused")
  func lies() {
    for lie in [0, 1, 4, 6, 7, 100, .max] as [UInt16] {
      var attributes = Attributes()
      attributes.path = tlv(.path, Array("new/f".utf8), length: lie)
      #expect(throws: DeltaStreamError.self, "\(lie)") { try parse(attributes.bytes) }
    }
  }
}
