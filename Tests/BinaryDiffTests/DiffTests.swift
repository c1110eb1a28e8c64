import BinaryDiff
import BinaryPatch
import Bytes
import TestSupport
import Testing

@Suite("Making patches")
struct DiffTests {
  @Test("A small change gives these bytes, in every version")
  func golden() throws {
    let old = Array("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    var new = old
    new[40] = UInt8(ascii: "?")
    new += Array("!!!".utf8)
    let made = try patch([old], new)
    #expect(
      made == [1, 65, 1, 1, 1, 1, 1, 1, 3, 0, 62, 0, 40, 63 &- 69] + Array("!!!".utf8))
  }

  @Test("Equal bytes give a tiny patch", arguments: [1, 31, 32, 33, 1000, 1_000_000])
  func equal(count: Int) throws {
    var random = SeededGenerator.ofTest("equal \(count)")
    let bytes = random.bytes(count)
    let made = try patch([bytes], bytes)
    let new = try apply(made, to: [bytes])
    #expect(new == bytes)
    #expect(made.count <= 20 || count < 20)
    #expect(made.count <= count + longestHeader)
  }

  @Test("Nothing makes, and is made of, anything")
  func empty() throws {
    let some: [UInt8] = [1, 2, 3]
    for (sources, new) in [
      ([], []), ([[]], []), ([some], []), ([], some), ([[]], some), ([[], some, []], some),
    ] as [([[UInt8]], [UInt8])] {
      let made = try patch(sources, new)
      let back = try apply(made, to: sources)
      #expect(back == new)
    }
  }

  @Test("Edited bytes come back, and their patches are small")
  func edits() throws {
    var random = SeededGenerator.ofTest("edits")
    for round in 0..<40 {
      let count = Int.random(in: 0...20_000, using: &random)
      let old = structured(count, using: &random)
      let edits = Int.random(in: 0...8, using: &random)
      let new = mutated(old, edits: edits, using: &random)
      let made = try patch([old], new)
      let back = try apply(made, to: [old])
      #expect(back == new, "round \(round)")
      #expect(made.count <= new.count + longestHeader)
      // An edit is at most 500 bytes inserted, and a copy on either side.
      #expect(made.count <= edits * 560 + longestHeader + 100, "round \(round)")
    }
  }

  @Test("Bytes that have little in common come back, and never cost more than themselves")
  func strangers() throws {
    var random = SeededGenerator.ofTest("strangers")
    for round in 0..<30 {
      let old = random.bytes(Int.random(in: 0...3000, using: &random)).map { $0 & 3 }
      let new = random.bytes(Int.random(in: 0...3000, using: &random)).map { $0 & 3 }
      let made = try patch([old], new)
      let back = try apply(made, to: [old])
      #expect(back == new, "round \(round)")
      #expect(made.count <= new.count + longestHeader)
    }
  }

  @Test("New is found in several sources, whichever they are")
  func sources() throws {
    var random = SeededGenerator.ofTest("sources")
    let parts = (0..<4).map { _ in structured(5000, using: &random) }
    let new = parts[2][1000...] + parts[0][..<3000] + parts[3] + parts[1][4000...]
    let made = try patch(parts, Array(new))
    let back = try apply(made, to: parts)
    #expect(back == Array(new))
    #expect(made.count < 100)
    // The start of one source and the end of another.
    let ends = parts[1][..<2500] + parts[2][2500...]
    let joined = try patch(parts, Array(ends))
    let again = try apply(joined, to: parts)
    #expect(again == Array(ends))
    #expect(joined.count < 40)
  }

  @Test("An index gives the same bytes again, in any order and from any task")
  func repeated() async throws {
    var random = SeededGenerator.ofTest("repeated")
    let old = structured(30_000, using: &random)
    let news = (0..<4).map { _ in mutated(old, edits: 6, using: &random) }
    let fresh = try news.map { try patch([old], $0) }
    let index = try SourceIndex(sources: [old])
    for (new, expected) in zip(news, fresh).reversed() {
      let made = try index.patch(to: new.rawSpan)
      #expect(made == expected)
    }
    let shared = try SourceIndex(sources: [old])
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for (new, expected) in zip(news, fresh) {
        group.addTask { try shared.patch(to: new.rawSpan) == expected }
      }
      for try await same in group { #expect(same) }
    }
  }

  @Test("A part of new gets a patch of its own against the same index")
  func ranges() throws {
    var random = SeededGenerator.ofTest("ranges")
    let old = structured(30_000, using: &random)
    let new = mutated(old, edits: 3, using: &random)
    let index = try SourceIndex(sources: [old])
    var back: [UInt8] = []
    for start in stride(from: 0, to: new.count, by: 7000) {
      let made = try index.patch(
        to: new.rawSpan.extracting(start..<min(start + 7000, new.count)))
      back += try apply(made, to: [old])
    }
    #expect(back == new)
  }
}
