import Recompress
import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Parts of views")
struct ViewSegmentsTests {
  /// Something, a compressed program, something; with the layout.
  private static func kernel(_ before: Int, _ program: Int, _ behind: Int) throws -> (
    view: [UInt8], layout: FileLayout
  ) {
    let elf = Array("\u{7f}ELF".utf8) + [UInt8](repeating: 3, count: program - 4)
    let outcome = try ExternalProgram.run(
      "gzip", ["-n", "-c", "file"], files: ["file": elf + Array(repeating: 1, count: 5000)])
    let head = [UInt8](repeating: 5, count: before)
    let file = head + outcome.output + [UInt8](repeating: 6, count: behind)
    let bytes = MemorySpill(file)
    let layout = try Recompressor(limits: RecompressLimits(shortest: 1)).analyse(
      bytes, spill: MemorySpill()
    ).layout
    try #require(layout.regions.count == 1)
    let view = try OpenedView(bytes, layout, spill: MemorySpill())
    return (try view.bytes(at: 0, count: 1 << 20), layout)
  }

  @Test("Programs are paired, and what is around them with what is around the other")
  func pairs() throws {
    let new = try Self.kernel(1000, 700, 30)
    let old = try Self.kernel(400, 900, 0)
    let segments = ViewSegments(new: new.view, new.layout, old: old.view, old.layout)
    // gzip's header of ten bytes stays as it is.
    #expect(
      segments.pairs == [
        .init(new: 0..<1010, old: 0..<410, isProgram: false),
        .init(new: 1010..<6710, old: 410..<6310, isProgram: true),
        .init(new: 6710..<6740, old: 6310..<6310, isProgram: false),
      ])
  }

  @Test("Without a program on either side all is one part")
  func plain() throws {
    let new = try Self.kernel(1000, 700, 30)
    let old = [UInt8](repeating: 1, count: 99)
    let segments = ViewSegments(new: new.view, new.layout, old: old, nil)
    #expect(
      segments.pairs == [.init(new: 0..<new.view.count, old: 0..<99, isProgram: false)])
  }

  @Test("A program that was not compressed before is a pair as well")
  func opened() throws {
    let new = try Self.kernel(0, 700, 0)
    let old = Array("\u{7f}ELF".utf8) + [UInt8](repeating: 3, count: 600)
    let segments = ViewSegments(new: new.view, new.layout, old: old, nil)
    #expect(segments.pairs.map(\.isProgram) == [false, true])
    #expect(segments.pairs[1].old == 0..<604)
  }
}
