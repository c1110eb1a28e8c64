import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Reading what a projected patch says of the new file")
struct ProjectionTablesTests {
  static let tables = ProjectionTables(
    kinds: 0x7ff, oldLength: 5000, fieldCount: 12,
    segments: [ElfSegment(address: 0x1000, offset: .max, fileSize: 5, memorySize: 0)],
    sections: [
      .init(address: 16, offset: 16), nil, .init(address: 0, offset: UInt64.max - 7), nil,
      .init(address: 1 << 63, offset: 3),
    ],
    hints: [
      MapPiece(old: 10, new: 5, count: 1), MapPiece(old: 11, new: 1 << 62, count: 100),
      MapPiece(old: 1 << 63 | 4, new: 0, count: 2),
    ], usesKnowledge: true, oldBases: .init(types: 5, strings: .max),
    newBases: .init(types: 0, strings: 1 << 31), stringsShift: UInt64.max - 3)

  private func read(_ bytes: [UInt8]) throws(PatchError) -> ProjectionTables {
    try ProjectionTables(StreamCursor(0..<bytes.count), in: bytes.rawSpan)
  }

  @Test("What is written is read again")
  func roundTrip() throws {
    let bytes = Self.tables.bytes
    #expect(try read(bytes) == Self.tables)
    var alone = Self.tables
    alone.usesKnowledge = false
    #expect(try read(alone.bytes) == alone)
    alone.oldBases = .init()
    alone.newBases = .init()
    alone.stringsShift = 0
    #expect(try read(alone.bytes) == alone)
    #expect(alone.bytes.count < bytes.count)
  }

  /// With pairs of tokens, and types.
  static let kernel = {
    var tables = ProjectionTablesTests.tables
    tables.namePairs = NamePairs([
      .init(token: 255, first: 1, second: 2), .init(token: 254, first: 255, second: 0),
      .init(token: 0, first: 3, second: 3),
    ])
    tables.recodedLength = 77
    tables.typeGaps = [0, -5, 1 << 40]
    return tables
  }()

  @Test("Pairs of tokens and types are read again, and refused when they are cut or lie")
  func names() throws {
    let bytes = Self.kernel.bytes
    #expect(try read(bytes) == Self.kernel)
    for count in 0..<bytes.count {
      #expect(throws: PatchError.self) { try read(Array(bytes[..<count])) }
    }
    var wrong = Self.kernel
    wrong.recodedLength = KernelSymbols.mostRecodedBytes + 1
    #expect(throws: PatchError.self) { try read(wrong.bytes) }
    // The third token is 254 below the second; one more is none.
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [0, 0, 0xfd, 1]) })
    var beyond = bytes
    beyond[place + 2] = 0xfe
    #expect(throws: PatchError.self) { try read(beyond) }
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      _ = try? read(flipped)
    }
  }

  @Test("Cut at any byte, or with a byte more, it is refused")
  func cuts() {
    let bytes = Self.tables.bytes
    for count in 0..<bytes.count {
      #expect(throws: PatchError.self) { try read(Array(bytes[..<count])) }
    }
    #expect(throws: PatchError.bytesLeft(offset: bytes.count, count: 1)) { try read(bytes + [0]) }
  }

  @Test(
    "Another parser, unknown kinds, too many segments or sections, and hints that wrap are refused")
  func lies() {
    #expect(throws: PatchError.unknownParser(offset: 0, version: 2)) { try read([2]) }
    var bytes = Self.tables
    bytes.kinds = ProjectionTables.allKinds + 1
    #expect(throws: PatchError.self) { try read(bytes.bytes) }
    bytes = Self.tables
    bytes.segments = Array(repeating: ElfSegment(), count: 65)
    #expect(throws: PatchError.self) { try read(bytes.bytes) }
    bytes = Self.tables
    bytes.hints = [MapPiece(old: .max - 1, new: 0, count: 2)]
    #expect(throws: PatchError.self) { try read(bytes.bytes) }
    bytes = Self.tables
    bytes.sections = Array(repeating: nil, count: 0xff01)
    #expect(throws: PatchError.self) { try read(bytes.bytes) }
    // 2^40 sections, with nothing behind.
    var huge: [UInt8] = [1, 0, 0, 0, 0, 0]
    huge.append(varint: 1 << 40)
    #expect(throws: PatchError.invalidProjection(offset: 6)) { try read(huge) }
  }

  @Test("Random bytes, and any bit flipped, give an error or tables, and no trap")
  func noise() {
    var random = SeededGenerator.fresh("projection noise")
    for _ in 0..<3000 {
      let bytes = [1] + random.bytes(Int.random(in: 0..<60, using: &random))
      _ = try? read(bytes)
    }
    let bytes = Self.tables.bytes
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      _ = try? read(flipped)
    }
  }
}
