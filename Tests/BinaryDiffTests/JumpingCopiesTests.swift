import BinaryPatch
import Bytes
import TestSupport
import Testing

@testable import BinaryDiff

@Suite("Patches that jump about in old")
struct JumpingCopiesTests {
  /// A library of 300 windows with as many fields as they can have: a table of addresses.
  private func library() -> [UInt8] {
    var words: [UInt8] = []
    for index in 0..<UInt64(300 * FieldWindow.size / 8) {
      words.append(littleEndian: 64 + index % 99)
    }
    return SmallElf([.init(".got", words)]).bytes
  }

  /// A patch of kind 2 that copies eight bytes of one window after the other, over and over.
  ///
  /// - Parameter fieldCount: How many fields it says that old has.
  private func jumping(in old: [UInt8], copies: Int, fieldCount: UInt64) throws -> [UInt8] {
    let read = ElfImage(old.rawSpan)
    let image = try #require(read)
    let windows = old.count / FieldWindow.size
    let ranges = (0..<copies).map {
      CopyRange(new: $0 * 8, old: $0 * 7 % windows * FieldWindow.size + 256, count: 8)
    }
    let tables = ProjectionTables(
      kinds: ProjectionTables.allKinds, oldLength: UInt64(old.count), fieldCount: fieldCount,
      segments: image.segments.all.map { _ in ElfSegment() },
      sections: image.sections.dropFirst().map { _ in .init(address: 0, offset: 0) }, hints: [])
    let new = ranges.flatMap { old[$0.old..<($0.old + 8)] }
    return PatchWriter.projectedPatch(
      predicted: new.rawSpan, new: new.rawSpan, copies: ranges, tables: tables.bytes)
  }

  @Test("Windows that are gone through too often end in an error, not in hours")
  func refused() throws {
    let old = library()
    let limit =
      FieldPool.maxLoads(oldLength: UInt64(old.count), newLength: 8 * 6000)
    // Nothing fits the memory that no fields need: every copy looks for those of its window.
    let made = try jumping(in: old, copies: 6000, fieldCount: 0)
    #expect(throws: PatchApplyError<Never>.patch(.tooMuchWork(windows: limit, limit: limit))) {
      var applier = try PatchApplier(patch: made, old: MemoryBytes(old))
      var new: [UInt8] = []
      while !applier.isFinished {
        try new.append(upTo: 4096) { output throws(PatchApplyError<Never>) in
          try applier.read(into: &output)
        }
      }
    }
  }

  @Test("When all fields fit into memory, copies may jump as they like")
  func allowed() throws {
    let old = library()
    let made = try jumping(in: old, copies: 6000, fieldCount: 300 * 2048)
    let statistics = try PatchStatistics(patch: made.rawSpan)
    #expect(statistics.applyMemory < 16 << 20)
    let new = try apply(made, to: [old])
    #expect(new.count == 48_000)
  }
}
