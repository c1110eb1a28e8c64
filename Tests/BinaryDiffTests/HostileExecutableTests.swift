import BinaryPatch
import Bytes
import TestSupport
import Testing

@testable import BinaryDiff

@Suite("Executables that lie")
struct HostileExecutableTests {
  /// Both ways of using a file that may be hostile: as old and as new.
  private func check(_ bytes: [UInt8], _ other: [UInt8]) throws {
    for (old, new) in [(bytes, other), (other, bytes)] {
      let made = try filePatch(old, new)
      let back = try apply(made, to: [old])
      #expect(back == new)
    }
  }

  @Test("Noise in every section", arguments: [62, 183] as [UInt16], [1, 2, 3] as [UInt16])
  func noise(machine: UInt16, type: UInt16) throws {
    let elf = SmallElf.full(machine: machine, type: type)
    var other = elf
    other.sections[5].bytes.insert(contentsOf: [UInt8](repeating: 0x90, count: 64), at: 16)
    try check(elf.bytes, other.bytes)
  }

  @Test("Headers and tables with random bytes changed", arguments: [62, 183] as [UInt16])
  func headers(machine: UInt16) throws {
    var random = SeededGenerator.ofTest("hostile headers \(machine)")
    for round in 0..<40 {
      let bytes = SmallElf.full(machine: machine, type: UInt16(round % 3 + 1)).bytes
      var hostile = bytes
      let table = bytes.count - 64 * 23
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let at =
          Bool.random(using: &random)
          ? Int.random(in: 16..<120, using: &random)
          : Int.random(in: table..<bytes.count, using: &random)
        hostile[at] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      try check(hostile, bytes)
    }
  }

  @Test("Counts and lengths of all ones, in any word")
  func extremes() throws {
    let elf = SmallElf.full(machine: 62, type: 3)
    let bytes = elf.bytes
    for section in elf.sections.indices {
      for at in stride(from: elf.offsets[section], to: elf.offsets[section] + 32, by: 4) {
        var hostile = bytes
        hostile.replaceSubrange(at..<(at + 4), with: [255, 255, 255, 255])
        let read = ElfImage(hostile.rawSpan)
        let image = try #require(read)
        _ = FieldParser.parse(hostile.rawSpan, image)
        hostile.replaceSubrange(at..<(at + 4), with: [255, 255, 255, 127])
        _ = FieldParser.parse(hostile.rawSpan, image)
      }
    }
  }

  @Test("Thousands of sections over the same bytes take no longer than a few passes")
  func overlapping() throws {
    var elf = SmallElf.full(machine: 62, type: 3)
    elf.sections[5].bytes = [UInt8](repeating: 0xe8, count: 1 << 20)
    let bytes = elf.bytes
    // The header of .text, over and over.
    let table = bytes.count - 64 * 23
    let code = Array(bytes[(table + 64 * 6)..<(table + 64 * 7)])
    var hostile = bytes
    for _ in 0..<5000 { hostile += code }
    hostile.replaceSubrange(60..<62, with: [UInt8(5023 & 255), UInt8(5023 >> 8)])
    let read = ElfImage(hostile.rawSpan)
    let image = try #require(read)
    var parsed: [Field]?
    let time = processorTime { parsed = FieldParser.parse(hostile.rawSpan, image) }
    let count = parsed?.count ?? 0
    #expect(count > 0)
    #expect(count < hostile.count / 4)
    #expect(time < .seconds(20))
  }

  @Test("Random bytes behind a valid start")
  func random() throws {
    var random = SeededGenerator.ofTest("random executables")
    let start = SmallElf.full(machine: 62, type: 3).bytes[..<120]
    for _ in 0..<200 {
      var bytes = Array(start) + random.bytes(Int.random(in: 0..<4000, using: &random))
      let table = Int.random(in: 0...bytes.count, using: &random)
      bytes.replaceSubrange(
        40..<48, with: [UInt8(table & 255), UInt8(table >> 8), 0, 0, 0, 0, 0, 0])
      bytes[60] = UInt8((bytes.count - table) / 64)
      bytes[61] = 0
      bytes[62] = 0
      bytes[63] = 0
      guard let image = ElfImage(bytes.rawSpan) else { continue }
      _ = FieldParser.parse(bytes.rawSpan, image)
    }
  }
}
