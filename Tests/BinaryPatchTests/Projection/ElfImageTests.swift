import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Reading the headers of old")
struct ElfImageTests {
  /// Old bytes that know how many of them were read.
  private struct CountedBytes: OldBytes {
    var bytes: MemoryBytes
    var count = 0
    var byteCount: UInt64 { bytes.byteCount }

    mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Never) {
      count += output.freeCapacity
      bytes.read(at: offset, into: &output)
    }
  }

  @Test("Of a file with another number of sections, no section is read")
  func otherSections() throws {
    let sections = (0..<500).map { SmallElf.Section(".s\($0)", [UInt8](repeating: 1, count: 16)) }
    let bytes = SmallElf(sections).bytes
    for (count, isRead) in [(501, true), (500, false), (502, false), (0, false)] {
      var old = CountedBytes(bytes: MemoryBytes(bytes))
      let image = try ElfImage.read(from: &old, sectionCount: count)
      #expect((image != nil) == isRead)
      #expect((old.count > 500 * 64) == isRead)
      #expect(isRead || old.count == 64)
    }
  }
}
