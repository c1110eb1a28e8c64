import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Predicting fields")
struct FieldPredictorTests {
  /// The old file: 0x100 bytes of code at 0x1000 + its offset, and a table of strings, not loaded.
  static let old = SmallElf(
    base: 0x1000, [.init(".text", flags: 6, [UInt8](repeating: 0x90, count: 0x100))])
  static let text = UInt64(old.offsets[0])

  /// All code from 0x40 on moved by `shift`, in a file whose segment moved by 0x1000; its first
  /// section moved by 8.
  private func predictor(shift: UInt64 = 0x20) throws -> FieldPredictor {
    let bytes = Self.old.bytes
    let image = try image(of: bytes)
    let tables = ProjectionTables(
      kinds: ProjectionTables.allKinds, oldLength: UInt64(bytes.count), fieldCount: 0,
      segments: [ElfSegment(address: 0x1000, fileSize: 0x40, memorySize: 0x40)],
      sections: [.init(address: 0x1008, offset: 8), nil], hints: [])
    let resolved = try #require(ResolvedTables(tables, old: image))
    let copies = [
      CopiedRange(old: Self.text, new: Self.text, count: 0x40),
      CopiedRange(old: Self.text + 0x40, new: Self.text + 0x40 + shift, count: 0xc0),
    ]
    let map = try #require(AddressMap(old: image, tables: resolved, copies: copies))
    return FieldPredictor(map: map, old: image, tables: resolved)
  }

  /// An old address in code, and where it went.
  private let target = 0x1000 + FieldPredictorTests.text + 0x50
  private var moved: UInt64 { target + 0x1000 + 0x20 }
  /// A place in the first copy, and its new address.
  private let place = FieldPredictorTests.text + 0x10
  private var pc: UInt64 { place + 0x2000 }

  private func predict(
    _ kind: FieldKind, _ value: UInt64, _ target: UInt64, adjustment: UInt8 = 0,
    section: UInt16 = 0
  ) throws -> UInt64 {
    let field = field(kind, at: Int(place), target, adjustment: adjustment, section: section)
    return try predictor().predict(field, value, at: place)
  }

  private func low32(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }

  @Test("Relative, absolute and based numbers follow their targets")
  func numbers() throws {
    #expect(try predict(.relative, 0, target, adjustment: 4) == moved - pc - 4)
    #expect(try predict(.conditionalJump, 0, target, adjustment: 4) == moved - pc - 4)
    #expect(try predict(.absolute64, 0, target) == moved)
    #expect(low32(try predict(.absolute32, 0, target)) == low32(moved))
    #expect(try predict(.cie, 0, target) == pc &- moved)
    // A jump table at an address of the first copy.
    let base = 0x1000 + Self.text + 0x20
    let distance = UInt64(low32(target &- base))
    #expect(low32(try predict(.table32, distance, target)) == low32(moved - base - 0x1000))
    // A table that counts from the start of its section.
    let start = 0x1000 + Self.text
    #expect(
      try predict(.table32, target - start, target, section: 1) == moved - start - 0x1008)
    #expect(
      try predict(.table64, target - start - 4, target, adjustment: 4, section: 1)
        == moved - start - 0x1008 - 4)
  }

  @Test("Lengths are those of what was copied from the target on")
  func lengths() throws {
    // From the first copy into the second: 0x20 bytes more.
    let start = 0x1000 + Self.text + 0x30
    #expect(low32(try predict(.length32, 0x20, start)) == 0x40)
    #expect(try predict(.length64, 0x8, start) == 8)
  }

  @Test("Offsets into tables follow the bytes that they number")
  func tables() throws {
    let name = Self.text + 0x50
    #expect(try predict(.name, 0x50, name, section: 1) == 0x50 + 0x20 - 8)
    #expect(try predict(.index, 2, Self.text + 48, section: 1) == (48 - 8) / 24)
  }

  @Test("Relocated places go on from the real one before, within one copy")
  func chain() throws {
    var predictor = try predictor()
    let first = field(.relocation, at: 0, target)
    let second = field(.relocation, at: 24, target + 8)
    predictor.startCopy()
    #expect(predictor.predict(first, target, at: 0) == moved)
    predictor.learn(first, real: moved + 0x300, old: target)
    #expect(predictor.predict(second, target + 8, at: 24) == moved + 0x308)
    // Where the map was right, it is asked again: this is of the first copy.
    predictor.learn(first, real: moved, old: target)
    let other = field(.relocation, at: 24, 0x1000 + place)
    #expect(predictor.predict(other, 0x1000 + place, at: 24) == 0x2000 + place)
    predictor.learn(first, real: moved + 1, old: target)
    predictor.startCopy()
    #expect(predictor.predict(second, target + 8, at: 24) == moved + 8)
    let based = field(.sectionRelocation, at: 0, target, section: 1)
    let start = 0x1000 + Self.text
    #expect(predictor.predict(based, target - start, at: 0) == moved - start - 0x1008)
    predictor.learn(based, real: 0x60, old: target - start)
    let next = field(.sectionRelocation, at: 24, target + 16, section: 1)
    #expect(predictor.predict(next, target + 16 - start, at: 24) == 0x70)
  }

  @Test("AArch64 immediates are changed, and nothing else of the instruction")
  func arm64() throws {
    let distance = moved - pc
    #expect(
      low32(try predict(.branch26, 0x97ff_ffff, target)) == 0x9400_0000 | low32(distance >> 2))
    #expect(
      low32(try predict(.branch19, 0x54ff_ffe1, target))
        == 0x5400_0001 | low32(distance >> 2) << 5)
    #expect(
      low32(try predict(.branch14, 0x3607_ffe3, target))
        == 0x3600_0003 | low32(distance >> 2) << 5)
    #expect(
      low32(try predict(.address, 0x1000_0001, target))
        == 0x1000_0001 | low32(distance & 3) << 29 | low32(distance >> 2) << 5)
    let pages = ((moved & ~0xfff) &- (pc & ~0xfff)) >> 12
    #expect(
      low32(try predict(.page, 0x9000_0002, target, adjustment: 1))
        == 0x9000_0002 | low32(pages & 3) << 29 | low32(pages >> 2 & 0x7_ffff) << 5)
    #expect(
      low32(try predict(.pageOffset, 0xf940_0041, target, adjustment: 3))
        == 0xf940_0041 | low32((moved & 0xfff) >> 3) << 10)
  }

  @Test("Where no copy tells, the nearest one does, then the section, then nothing")
  func gaps() throws {
    let map = try predictor().map
    let start = 0x1000 + Self.text
    #expect(map.map(start + 0x100 + 4095) == start + 0x100 + 4095 + 0x1020)
    // Past the reach of the last copy, and in no section.
    #expect(map.map(start + 0x100 + 4096) == start + 0x100 + 4096)
    #expect(map.map(start - 1) == start - 1 + 0x1000)
    #expect(map.map(7) == 7)
    #expect(map.map(1 << 62) == 1 << 62)
  }
}

@Suite("Mapping addresses")
struct AddressMapTests {
  /// The map of these copies and hints in a file whose addresses are offsets.
  private static func map(_ hints: [MapPiece], _ copies: [CopiedRange]) throws -> AddressMap {
    let file = SmallElf(
      base: 0, [.init(".text", flags: 6, [UInt8](repeating: 0x90, count: 0x100))])
    let image = try image(of: file.bytes)
    let tables = ProjectionTables(
      kinds: ProjectionTables.allKinds, oldLength: UInt64(file.bytes.count), fieldCount: 0,
      segments: [ElfSegment(fileSize: 1 << 20, memorySize: 1 << 20)],
      sections: [nil, nil], hints: hints)
    let resolved = try #require(ResolvedTables(tables, old: image))
    return try #require(AddressMap(old: image, tables: resolved, copies: copies))
  }

  @Test("Of copies that overlap, hints count first, and then the longest")
  func overlaps() throws {
    var random = SeededGenerator.ofTest("overlapping copies")
    for _ in 0..<300 {
      var copies: [CopiedRange] = []
      var new: UInt64 = 1000
      for _ in 0..<Int.random(in: 0..<12, using: &random) {
        new += UInt64.random(in: 0..<50, using: &random)
        copies.append(
          CopiedRange(
            old: UInt64.random(in: 0..<60, using: &random), new: new,
            count: UInt64.random(in: 1..<30, using: &random)))
        new += copies[copies.count - 1].count
      }
      let hints = [
        MapPiece(old: 10, new: 5000, count: 5), MapPiece(old: 20, new: 6000, count: 1),
      ]
      let map = try Self.map(hints, copies)
      let pieces = copies.map { MapPiece(old: $0.old, new: $0.new, count: $0.count) }
      let order =
        hints
        + pieces.enumerated().sorted {
          ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
        }.map(\.element)
      for at in UInt64(0)..<200 {
        #expect(map.map(at) == Self.expected(at, order))
      }
    }
  }

  /// As the first that has a place says; else as the first that ends or starts nearest, of two ends
  /// the lower one.
  private static func expected(_ at: UInt64, _ order: [MapPiece]) -> UInt64 {
    let find = { (near: UInt64) in order.first { near &- $0.old < $0.count } }
    if let piece = find(at) { return at &+ piece.shift }
    for distance in UInt64(0)..<4096 {
      if let piece = find(at &- distance &- 1) ?? find(at &+ distance) { return at &+ piece.shift }
    }
    return at
  }

  @Test("Segments that cut copies into too many pieces are refused")
  func pieces() throws {
    let segments = try #require(
      ElfSegments(
        (0..<64).map { ElfSegment(address: $0 * 100, offset: $0 * 2, fileSize: 1, memorySize: 1) }))
    let copies = (0..<100).map { CopiedRange(old: 0, new: $0 * 128, count: 128) }
    var builder = try #require(
      MapBuilder(segments, segments, copyCount: copies.count, typeCount: 0))
    let added = copies.map { builder.add($0) }
    #expect(added.contains(false))
  }

  @Test("Segments that overlap in memory have no map")
  func overlappingSegments() throws {
    let segments = try #require(
      ElfSegments([
        ElfSegment(address: 0x1000, offset: 0, fileSize: 0x100, memorySize: 0x100),
        ElfSegment(address: 0x10ff, offset: 0x200, fileSize: 0x100, memorySize: 0x100),
      ]))
    #expect(MapKeys(segments) == nil)
    // Nor those that have keys of types.
    let others = try #require(
      ElfSegments([ElfSegment(address: AddressMap.typeDomain &- 1, fileSize: 2, memorySize: 2)]))
    #expect(MapKeys(others) == nil)
  }
}
