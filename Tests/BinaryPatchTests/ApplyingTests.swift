import BinaryPatch
import Bytes
import TestSupport
import Testing

@Suite("Applying patches")
struct ApplyingTests {
  static let old = Array("The quick brown fox jumps over the lazy dog".utf8)

  @Test("A patch made by hand gives what it says")
  func handMade() throws {
    var patch = HandMadePatch()
    patch.newLength = 33
    patch.insertLengths = [2, 3, 1]
    patch.copyLengths = [12, 11, 3]
    // 4 is 2 past where an insert of 2 leads; 19 is where 16 + 3 leads; 0 is 31 before.
    patch.sources = [2, 0, -31]
    // Of the copied bytes, the 14th: 'j' becomes 'b'.
    patch.gaps = [13]
    patch.differences = [UInt8(ascii: "b") &- UInt8(ascii: "j")]
    patch.inserted = Array("A cat !".utf8)
    let golden: [UInt8] =
      [1, 33, 3, 3, 3, 3, 1, 1, 7, 2, 3, 1, 12, 11, 3, 4, 0, 61, 13, 248]
      + Array("A cat !".utf8)
    #expect(patch.bytes == golden)
    let new = try apply(golden, to: MemoryBytes(Self.old))
    #expect(String(decoding: new, as: UTF8.self) == "A quick brown cat bumps over The!")
    let statistics = try PatchStatistics(patch: golden.rawSpan)
    #expect(statistics.kind == .plain)
    #expect(statistics.newLength == 33)
    #expect(statistics.copiedLength == 26)
    #expect(statistics.copyCount == 3)
    #expect(statistics.differenceCount == 1)
    #expect(statistics.controlByteCount == 9)
    #expect(statistics.valuesByteCount == 2)
    #expect(statistics.extraByteCount == 7)
  }

  @Test("The shortest patch makes nothing, of anything")
  func empty() throws {
    let patch: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(HandMadePatch().bytes == patch)
    let ofNothing = try apply(patch, to: MemoryBytes([UInt8]()))
    let ofSomething = try apply(patch, to: MemoryBytes(Self.old))
    #expect(ofNothing.isEmpty)
    #expect(ofSomething.isEmpty)
  }

  @Test("Several sources are one address space, and a copy may cross from one into the next")
  func sources() throws {
    var patch = HandMadePatch()
    patch.newLength = 4
    patch.insertLengths = [0]
    patch.copyLengths = [4]
    patch.sources = [1]
    let new = try apply(patch.bytes, to: MemoryBytes([[1, 2], [], [3], [4, 5, 6]]))
    #expect(new == [2, 3, 4, 5])
  }

  @Test("Chunks of any size give the same bytes", arguments: [1, 7, 4096, 65_537, 1 << 20])
  func chunks(size: Int) throws {
    var random = SeededGenerator.ofTest("chunks \(size)")
    let old = random.bytes(300_000)
    let longest = size < 100 ? 300 : 200_000
    for _ in 0..<3 {
      let patch = HandMadePatch.random(old: old, copies: 12, longestCopy: longest, using: &random)
      let new = try apply(patch.bytes, to: MemoryBytes(old), chunk: size)
      #expect(new == patch.applied(to: old))
    }
  }

  @Test("Finishing early is an error")
  func unfinished() throws {
    var patch = HandMadePatch()
    patch.newLength = 3
    patch.inserted = [1, 2, 3]
    var applier = try PatchApplier(patch: patch.bytes, old: MemoryBytes([UInt8]()))
    var error: PatchError?
    do { try applier.finish() } catch let thrown { error = thrown }
    #expect(error == .unfinished(produced: 0, newLength: 3))
  }
}
