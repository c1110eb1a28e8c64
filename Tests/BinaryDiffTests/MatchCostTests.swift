import BinaryPatch
import Bytes
import TestSupport
import Testing

@testable import BinaryDiff

@Suite("Weighing what a copy costs against what it gets right")
struct MatchCostTests {
  private func copies(_ old: [UInt8], _ new: [UInt8]) throws -> [CopyRange] {
    let matcher = Matcher(
      old: old.rawSpan, new: new.rawSpan, starts: [0], ends: [old.count],
      suffixes: LazySuffixArray())
    return try matcher.findCopies()
  }

  /// Noise with one block in it at some places.
  private func noise(_ count: Int, _ block: [UInt8], at places: [Int]) -> [UInt8] {
    var random = SeededGenerator(seed: 4)
    var bytes = random.bytes(count)
    for place in places { bytes.replaceSubrange(place..<(place + block.count), with: block) }
    return bytes
  }

  @Test("Of equal matches, the nearest is copied")
  func nearest() throws {
    var random = SeededGenerator(seed: 1)
    let block = random.bytes(20)
    let places = [100, 9000, 30_000, 30_500, 60_000, 99_000]
    let old = noise(100_000, block, at: places)
    // Between two bytes that stay where they are, so that the diagonal is 0.
    for (place, nearest) in [(30_200, 30_000), (98_000, 99_000), (10_000, 9000)] {
      var new = old
      new.replaceSubrange((place - 40)..<(place + 60), with: random.bytes(100))
      new.replaceSubrange(place..<(place + 20), with: block)
      let found = try copies(old, new).first { $0.new <= place && $0.newEnd >= place + 20 }
      #expect(found.map { $0.old + place - $0.new } == nearest)
    }
  }

  @Test("Of equal matches, one that goes on right, with a byte wrong, beats a nearer one")
  func goesOn() throws {
    var random = SeededGenerator(seed: 2)
    let block = random.bytes(12)
    let old = noise(10_000, block, at: [4000, 5200])
    var moved = Array(old[5200..<5260])
    moved[12] ^= 1
    let new = Array(old[..<4100]) + random.bytes(50) + moved + Array(old[4100...])
    let found = try copies(old, new).first { $0.new <= 4150 && $0.newEnd >= 4162 }
    #expect(found.map { $0.old + 4150 - $0.new } == 5200)
  }

  @Test("A short match is copied from near, and not from far")
  func shortMatches() throws {
    var random = SeededGenerator(seed: 3)
    let block = random.bytes(9)
    for (distance, isCopied) in [(200, true), (400_000, false)] {
      let old = noise(500_000, block, at: [450_000 - distance])
      var new = old
      new.replaceSubrange(449_900..<450_100, with: random.bytes(200))
      new.replaceSubrange(450_000..<450_009, with: block)
      let source = 450_000 - distance
      let found = try copies(old, new).contains {
        $0.new <= 450_000 && $0.newEnd >= 450_009 && $0.diagonal == source - 450_000
      }
      #expect(found == isCopied)
    }
  }

  @Test(
    "A copy does not go on over an insertion to reach what the next copy has", arguments: [0, 24])
  func insertions(period: Int) throws {
    var random = SeededGenerator(seed: 5)
    let row = period == 0 ? [0] : random.bytes(period)
    let run = (0..<1200).map { row[$0 % row.count] }
    let (before, behind) = (random.bytes(3000), random.bytes(3000))
    // A whole number of periods, so that the copy before it is right again behind it.
    let inserted = random.bytes(480)
    let old = before + run + behind
    for new in [before + inserted + run + behind, before + run + inserted + behind] {
      let made = try patch([old], new)
      #expect(made.count < inserted.count + 40)
      #expect(try apply(made, to: [old]) == new)
    }
  }
}
