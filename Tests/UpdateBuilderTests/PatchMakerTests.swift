import BinaryDiff
import BinaryPatch
import Bytes
import DeltaStream
import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Deciding how a range travels")
struct PatchMakerTests {
  private static let path = Array("usr/lib/old".utf8)

  private func maker(_ maximumPatchLength: Int = 8 << 20, base: UInt16 = 2) -> PatchMaker {
    PatchMaker(
      form: NormalForm(base: base), maximumPatchLength: maximumPatchLength,
      maximumPatchMemory: 64 << 20, mayShare: true)
  }

  private func old(_ bytes: [UInt8]) throws -> OldRange {
    let source = PatchSource(path: Self.path, offset: 0, length: UInt64(bytes.count))
    return OldRange(
      sources: [source], index: try SourceIndex(sources: [bytes]), isWholeFile: true)
  }

  /// Puts the parts together again, and checks that they lie where the format wants them.
  private func rebuilt(
    _ parts: [ShrunkPart], of new: [UInt8], at offset: UInt64, from old: [UInt8], chunk: UInt64
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      #expect(part.offset == offset + UInt64(bytes.count))
      #expect(part.offset == offset || part.offset % chunk == 0)
      let start = bytes.count
      switch part.form {
      case .writes: bytes += new[start..<start + Int(part.length)]
      case .opened: Issue.record("nothing is compressed here")
      case .patch(let sources, let patch):
        var knowledge = ProjectionKnowledge()
        let data = patch.finish(&knowledge)
        #expect(sources.map(\.path) == [Self.path])
        let source = sources[0]
        let range = Array(old[Int(source.offset)..<Int(source.offset + source.length)])
        var applier = try PatchApplier(patch: data, old: MemoryBytes(range))
        #expect(applier.newLength == part.length)
        try bytes.append(upTo: Int(part.length)) {
          (out) throws(PatchApplyError<Never>) in
          try applier.read(into: &out)
        }
      }
    }
    return bytes
  }

  private func isPatch(_ part: ShrunkPart) -> Bool {
    if case .patch = part.form { return true }
    return false
  }

  @Test("What has changed a little travels as one patch")
  func patch() throws {
    var random = SeededGenerator.ofTest("PatchMakerTests.patch")
    let old = random.bytes(20_000)
    var new = old
    new[9_999] ^= 0xff
    let parts = try maker().parts(of: new, at: 12_345, from: self.old(old))
    #expect(parts.count == 1)
    #expect(isPatch(parts[0]))
    let bytes = try rebuilt(parts, of: new, at: 12_345, from: old, chunk: 131_072)
    #expect(firstDifference(bytes, new) == nil)
  }

  @Test("What has nothing of the old, is too short, or has no old, travels as it is")
  func plain() throws {
    var random = SeededGenerator.ofTest("PatchMakerTests.plain")
    let old = random.bytes(20_000)
    let range = try self.old(old)
    for (new, old) in [
      (random.bytes(20_000), range), (Array(old.prefix(63)), range), (old, nil), ([], range),
      ([UInt8](repeating: 0, count: 30_000), range),
    ] as [([UInt8], OldRange?)] {
      let parts = try maker().parts(of: new, at: 7, from: old)
      #expect(parts.count == 1)
      #expect(!isPatch(parts[0]))
      #expect(parts[0].offset == 7)
      #expect(parts[0].length == UInt64(new.count))
    }
    let parts = try maker().parts(of: Array(old.prefix(300)), at: 0, from: range)
    #expect(isPatch(parts[0]))
  }

  @Test(
    "A patch that is too long is cut where the normal form cuts", arguments: [1, 2] as [UInt16])
  func split(base: UInt16) throws {
    var random = SeededGenerator.ofTest("PatchMakerTests.split")
    let chunk = UInt64(NormalForm(base: base).chunkLength)
    let old = random.bytes(600_000)
    var new = old
    for index in stride(from: 0, to: 300_000, by: 3) { new[index] = new[index] &+ 1 }
    for offset in [0, 777, chunk - 1, 5 * chunk] {
      let parts = try maker(60_000, base: base).parts(of: new, at: offset, from: self.old(old))
      #expect(parts.count > 1)
      #expect(parts.contains(where: isPatch))
      for case .patch(_, let patch) in parts.map(\.form) {
        #expect(patch.maximumLength <= 60_000)
      }
      let bytes = try rebuilt(parts, of: new, at: offset, from: old, chunk: chunk)
      #expect(firstDifference(bytes, new) == nil)
    }
  }

  @Test("What is shared is whole in one part, and only the rest counts as written")
  func shared() throws {
    var random = SeededGenerator.ofTest("PatchMakerTests.shared")
    let old = random.bytes(600_000)
    var new = old
    for index in stride(from: 0, to: 300_000, by: 3) { new[index] = new[index] &+ 1 }
    let clones = [
      PatchClone(offset: 81_920, length: 262_144, sourceOffset: 81_920),
      PatchClone(offset: 397_312, length: 40_960, sourceOffset: 397_312),
    ]
    let range = try self.old(old)
    let parts = try maker(60_000).parts(of: new, at: 0, from: range, clones: clones)
    #expect(parts.count > 1)
    #expect(parts.flatMap(\.clones) == clones)
    #expect(parts.map(\.length).reduce(0, +) == 600_000)
    for part in parts {
      for clone in part.clones { #expect(clone.offset >= part.offset && clone.end <= part.end) }
    }
    // Some bytes between what is shared are not worth a patch.
    let few = [PatchClone(offset: 4096, length: 593_920, sourceOffset: 4096)]
    let rest = random.bytes(4096) + old[4096..<598_016] + random.bytes(1984)
    let whole = try maker().parts(of: rest, at: 0, from: range, clones: few)
    #expect(whole.count == 1 && whole[0].clones == few && !isPatch(whole[0]))
  }

  @Test("A range that is a little longer than one chunk is cut in two as well")
  func barelyTwoChunks() throws {
    var random = SeededGenerator.ofTest("PatchMakerTests.barelyTwoChunks")
    let old = random.bytes(140_000)
    let new = random.bytes(120_000) + old[120_000...]
    let parts = try maker(100_000).parts(of: new, at: 0, from: self.old(old))
    #expect(parts.map(\.length) == [131_072, 8_928])
    #expect(isPatch(parts[1]))
  }
}
