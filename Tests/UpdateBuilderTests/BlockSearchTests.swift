import Bytes
import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Finding blocks that an old file has")
struct BlockSearchTests {
  private func matches(
    _ new: [UInt8], _ old: [UInt8], minimum: Int = 16_384, tail: Int = 0, samePlace: Int = 0
  ) -> [BlockSearch.Match] {
    let index = BlockIndex(old)
    var search = BlockSearch(new: new.rawSpan, index: index, tail: tail, samePlace: samePlace)
    var all: [BlockSearch.Match] = []
    while let match = search.next(minimum: minimum) { all.append(match) }
    return all
  }

  @Test("The same place, another place, and what is too short")
  func places() {
    var random = SeededGenerator.ofTest("BlockSearchTests.places")
    let old = random.bytes(200_000)
    let new =
      Array(old[..<20_480]) + random.bytes(4096) + old[24_576..<36_864] + random.bytes(4096)
      + old[65_536..<98_304] + random.bytes(100)
    #expect(
      matches(new, old) == [
        .init(new: 0..<20_480, old: 0), .init(new: 40_960..<73_728, old: 65_536),
      ])
    #expect(
      matches(new, old, minimum: 12_288)[1] == .init(new: 24_576..<36_864, old: 24_576))
  }

  @Test("A place that is no whole number of blocks further on is not found")
  func shifted() {
    var random = SeededGenerator.ofTest("BlockSearchTests.shifted")
    let old = random.bytes(200_000)
    #expect(matches([1] + old, old).isEmpty)
    #expect(matches(random.bytes(4096) + old, old).map(\.old) == [0])
  }

  @Test("The last block may be a part of one where both end, and only there")
  func tails() {
    var random = SeededGenerator.ofTest("BlockSearchTests.tails")
    let old = random.bytes(100_001)
    let tail = 100_001 % 4096
    #expect(matches(old, old, tail: tail) == [.init(new: 0..<100_001, old: 0)])
    #expect(matches(old, old, tail: 0) == [.init(new: 0..<98_304, old: 0)])
    #expect(matches(old, old + [1], tail: tail) == [.init(new: 0..<98_304, old: 0)])
    #expect(matches(Array(old.dropLast()), old, tail: tail - 1).map(\.new) == [0..<98_304])
  }

  @Test("Nothing is the same, or everything, or there is next to nothing")
  func extremes() {
    var random = SeededGenerator.ofTest("BlockSearchTests.extremes")
    #expect(matches(random.bytes(100_000), random.bytes(100_000)).isEmpty)
    #expect(matches([], []).isEmpty)
    #expect(matches([1, 2], [1, 2], tail: 2).isEmpty)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    #expect(matches(zeros, zeros).map(\.new) == [0..<(1 << 20)])
    #expect(matches(zeros, Array(zeros[..<65_536])).map(\.new.count).reduce(0, +) == 1 << 20)
    // The same place may be outside the part that is looked at.
    #expect(matches(zeros, zeros, samePlace: -(1 << 30)).map(\.old) == [0])
  }

  @Test("Whatever is found is the same bytes, in whole blocks, and in order")
  func property() {
    var random = SeededGenerator.ofTest("BlockSearchTests.property")
    for _ in 0..<20 {
      let pool = (0..<6).map { _ in random.bytes(4096) }
      func file() -> [UInt8] {
        (0..<Int.random(in: 1...60, using: &random)).flatMap { _ in
          pool[Int.random(in: 0..<6, using: &random)]
        } + random.bytes(Int.random(in: 0...4095, using: &random))
      }
      let (old, new) = (file(), file())
      var end = 0
      for match in matches(new, old, minimum: 8192, samePlace: 4096) {
        #expect(match.new.lowerBound >= end && match.new.lowerBound % 4096 == 0)
        #expect(match.old % 4096 == 0 && match.new.count >= 8192)
        let there = match.old..<match.old + match.new.count
        #expect(firstDifference(Array(new[match.new]), Array(old[there])) == nil)
        end = match.new.upperBound
      }
    }
  }
}
