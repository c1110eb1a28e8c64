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

  private func read(
    _ bytes: [UInt8], copyCount: Int = 1000, _ limits: PatchLimits = .standard
  ) throws(PatchError) -> ProjectionTables {
    try ProjectionTables(
      StreamCursor(0..<bytes.count), in: bytes.rawSpan, copyCount: copyCount, limits)
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

  /// A patch of no copies with these bytes for its tables.
  private func patch(_ tables: [UInt8], copyCount: UInt64 = 0) -> [UInt8] {
    var patch: [UInt8] = [PatchKind.projected.rawValue, 0]
    patch.append(varint: copyCount)
    patch += [0, 0, 0, 0, 0, 0]
    patch.append(varint: UInt64(tables.count))
    return patch + tables
  }

  @Test(
    "An old file longer than the limit is refused before anything is reckoned with its length",
    arguments: [256 << 20 + 1, 1 << 32, 1 << 62, 1 << 63, UInt64.max - 1, .max])
  func oldLength(length: UInt64) throws {
    var tables = Self.tables
    tables.oldLength = length
    let bytes = patch(tables.bytes)
    let standard = PatchLimits.standard.maxProjectedOldLength
    #expect(throws: PatchError.oldTooLong(byteCount: length, limit: standard)) {
      try PatchStatistics(patch: bytes.rawSpan)
    }
    // However much is allowed, offsets have 32 bits.
    guard length >= 1 << 32 else { return }
    #expect(throws: PatchError.oldTooLong(byteCount: length, limit: .max)) {
      try PatchStatistics(patch: bytes.rawSpan, limits: PatchLimits(maxProjectedOldLength: .max))
    }
  }

  @Test("Five million hints are refused before the first is read")
  func hints() throws {
    var tables = Self.tables
    tables.hints = []
    var bytes = tables.bytes
    #expect(bytes.removeLast() == 0)
    bytes.append(varint: 5_000_000)
    // No numbers at all: whoever read one would say so.
    bytes += [UInt8](repeating: 0xff, count: 15_000_000)
    let patch = patch(bytes)
    let limits = PatchLimits(maxApplyMemory: 64 << 20)
    #expect(throws: PatchError.tooMuchMemory(needed: 240_000_000, limit: 64 << 20)) {
      try PatchStatistics(patch: patch.rawSpan, limits: limits)
    }
    #expect(
      refusal(patch, old: [UInt8](repeating: 0, count: 5000), limits: limits)
        == .tooMuchMemory(needed: 240_000_000, limit: 64 << 20))
  }

  @Test(
    "Types for more copies than there are, or for too many, are refused before the first is read")
  func types() throws {
    var tables = Self.tables
    tables.hints = []
    var bytes = tables.bytes
    #expect(bytes.suffix(2) == [0, 0])
    bytes.removeLast(2)
    let offset = bytes.count
    bytes.append(varint: 4_000_000)
    bytes += [UInt8](repeating: 0xff, count: 4_000_000)
    #expect(throws: PatchError.invalidProjection(offset: offset)) {
      try read(bytes, copyCount: 3_999_999)
    }
    #expect(throws: PatchError.tooMuchMemory(needed: 64_000_000, limit: 32 << 20)) {
      try read(bytes, copyCount: 4_000_000, PatchLimits(maxApplyMemory: 32 << 20))
    }
    #expect(throws: PatchError.invalidNumber(offset: bytes.count - 4_000_000)) {
      try read(bytes, copyCount: 4_000_000)
    }
  }

  @Test("Random bytes, and any bit flipped, give an error or tables, and no trap")
  func noise() {
    var random = SeededGenerator.ofTest("projection noise")
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
