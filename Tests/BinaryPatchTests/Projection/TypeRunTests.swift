import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Types that went elsewhere")
struct TypeRunTests {
  /// A file with 40 pointers in its `.BTF`, 12 bytes each.
  private func file() -> [UInt8] {
    var bytes: [UInt8] = words(0x0001_eb9f, 24, 0, 40 * 12, 40 * 12, 1)
    for number in 0..<40 as Range<UInt32> { bytes += words(0, 2 << 24, number) }
    return SmallElf([.init(".BTF", bytes + [0])]).bytes
  }

  private struct Run {
    var old: UInt32
    var new: UInt32
    var count: UInt32
  }

  private func map(
    _ bytes: [UInt8], _ copies: [CopiedRange], gaps: [Int64]
  ) throws -> AddressMap? {
    let image = try image(of: bytes)
    var tables = ProjectionTables(
      kinds: ProjectionTables.allKinds, oldLength: UInt64(bytes.count), fieldCount: 0,
      segments: image.segments.all.map { _ in ElfSegment() },
      sections: image.sections.dropFirst().map { _ in .init(address: 0, offset: 0) }, hints: [])
    tables.typeGaps = gaps
    let resolved = try #require(ResolvedTables(tables, old: image))
    let read = TypeHeads.read(bytes.rawSpan, image)
    let heads = try #require(read)
    return AddressMap(
      old: image, tables: resolved, copies: copies, types: TypeRuns(heads, gaps: gaps))
  }

  @Test("Of copies that have a type, the longest tells, then the one lower in new, then in old")
  func overlaps() throws {
    var random = SeededGenerator.ofTest("types")
    let bytes = file()
    let start = try image(of: bytes).sections[1].range.lowerBound + 24
    for _ in 0..<200 {
      var copies: [CopiedRange] = []
      var gaps: [Int64] = []
      var runs: [Run] = []
      var number: Int64 = 0
      for _ in 0..<Int.random(in: 1..<9, using: &random) {
        let first = Int.random(in: 0..<40, using: &random)
        let count = Int.random(in: 1...min(8, 40 - first), using: &random)
        copies.append(
          CopiedRange(
            old: UInt64(start + 12 * first), new: UInt64(copies.count * 500),
            count: UInt64(12 * count)))
        gaps.append(Int64.random(in: -20...20, using: &random))
        number += gaps[gaps.count - 1]
        runs.append(
          Run(
            old: UInt32(first), new: UInt32(truncatingIfNeeded: number), count: UInt32(count)))
        number += Int64(count)
      }
      let map = try #require(try map(bytes, copies, gaps: gaps))
      for type in UInt32(0)..<45 {
        let best = runs.filter { type &- $0.old < $0.count }
          .min { ($1.count, $0.new, $0.old) < ($0.count, $1.new, $1.old) }
        #expect(map.mapType(type) == best.map { $0.new &+ (type - $0.old) })
      }
    }
  }

  @Test("A copy of types that nothing is told of is refused")
  func missing() throws {
    let bytes = file()
    let start = UInt64(try image(of: bytes).sections[1].range.lowerBound + 24)
    let copies = [
      CopiedRange(old: start, new: 0, count: 24), CopiedRange(old: start, new: 50, count: 12),
    ]
    #expect(try map(bytes, copies, gaps: [0, 0]) != nil)
    #expect(try map(bytes, copies, gaps: [0]) == nil)
  }

  @Test("Types and places have nothing to do with each other")
  func places() throws {
    let bytes = file()
    let start = UInt64(try image(of: bytes).sections[1].range.lowerBound + 24)
    let map = try #require(
      try map(bytes, [CopiedRange(old: start, new: start + 240, count: 24)], gaps: [7]))
    #expect(map.mapType(0) == 7)
    #expect(map.mapType(2) == nil)
    #expect(map.map(start + 5) == start + 245)
    #expect(map.map(3) == 243)
  }
}
