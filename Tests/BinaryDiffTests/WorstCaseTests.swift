import BinaryPatch
import Bytes
import TestSupport
import Testing

@testable import BinaryDiff

@Suite("Making patches of bytes that make others slow")
struct WorstCaseTests {
  static let size = 1 << 20
  /// In debug builds; an algorithm that goes quadratic takes hours.
  static let bound: Duration = .seconds(60)

  private func check(_ old: [UInt8], _ new: [UInt8], longest: Int) throws {
    var made: [UInt8] = []
    let time = try processorTime { made = try patch([old], new) }
    let back = try apply(made, to: [old])
    #expect(back == new)
    #expect(made.count <= longest)
    #expect(time < Self.bound)
  }

  @Test("Zeros, one more, and one other byte among them")
  func zeros() throws {
    let old = [UInt8](repeating: 0, count: Self.size)
    try check(old, old + [0], longest: 40)
    try check(old + [0], old, longest: 40)
    var other = old
    other[Self.size / 3] = 1
    try check(old, other, longest: 40)
    try check(other, old, longest: 40)
  }

  @Test("Runs that are cut in other places, with a few bytes wrong")
  func runs() throws {
    let count = Self.size / 4
    var old = [UInt8](repeating: 0, count: count)
    var new = old
    for at in stride(from: 1000, to: count, by: 50_000) { old[at] = 1 }
    for at in stride(from: 30_000, to: count, by: 70_001) { new[at] = 2 }
    try check(old, new, longest: 2000)
  }

  @Test("One page again and again, shifted")
  func pages() throws {
    var random = SeededGenerator.ofTest("pages")
    let page = random.bytes(4096)
    let old = (0..<(Self.size / 4096)).flatMap { _ in page }
    let new = Array(old[1000...]) + random.bytes(100) + old[..<50_000]
    try check(old, new, longest: 300)
  }

  @Test("Short periods against other ones")
  func periods() throws {
    let count = Self.size / 4
    let old = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 3) }
    let new = (0..<count).map {
      UInt8(truncatingIfNeeded: $0 % 3 == 2 && $0 % 100 < 50 ? 3 : $0 % 3)
    }
    try check(old, new, longest: count)
  }

  @Test("A long file with one byte changed, inserted or taken away needs no sorting")
  func oneByte() throws {
    var random = SeededGenerator.ofTest("one byte")
    let old = random.bytes(Self.size)
    var flipped = old
    flipped[1 << 18] ^= 1
    var inserted = old
    inserted.insert(7, at: 2 << 18)
    var removed = old
    removed.remove(at: 3 << 18)
    for new in [old, flipped, inserted, removed] {
      try check(old, new, longest: 50)
      let index = try SourceIndex(sources: [old])
      _ = try index.patch(to: new.rawSpan)
      #expect(!index.hasSorted)
    }
    let index = try SourceIndex(sources: [Array(old[..<1000])])
    _ = try index.patch(to: old.rawSpan.extracting(100..<900))
    #expect(index.hasSorted)
  }

  @Test("A part of a file, looked for where it was, needs no sorting either")
  func partsInPlace() throws {
    var random = SeededGenerator.ofTest("parts in place")
    let old = random.bytes(1 << 20)
    var new = old
    for at in stride(from: 5000, to: new.count, by: 100_000) { new[at] ^= 1 }
    let index = try SourceIndex(sources: [random.bytes(100), old])
    for start in stride(from: 0, to: new.count, by: 1 << 17) {
      let made = try index.patch(
        to: new.rawSpan.extracting(start..<(start + (1 << 17))), expectedAt: start + 100)
      #expect(made.count < 40)
    }
    #expect(!index.hasSorted)
    for position in [Int.min, -1, Int.max] {
      let made = try index.patch(to: old.rawSpan, expectedAt: position)
      #expect(made.count < 20)
    }
  }
}
