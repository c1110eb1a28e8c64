import Bytes
import TestSupport
import Testing

@testable import BinaryDiff
@testable import BinaryPatch

@Suite("Fields replaced by tokens")
struct FieldMaskerTests {
  @Test("Relocated places that overlap are masked in their order, in every run of the program")
  func overlapping() throws {
    let names = (0..<40).map { "symbol\($0)" }
    var strings: [UInt8] = [0]
    var symbols = [UInt8](repeating: 0, count: 24)
    for name in names {
      symbols += words(UInt32(strings.count), 0x12) + quads(0, 0)
      strings += Array(name.utf8) + [0]
    }
    var elf = SmallElf([
      .init(".dynstr", type: 3, strings), .init(".dynsym", type: 11, symbols, link: 1),
      .init(".data", [UInt8](repeating: 0, count: 96)),
    ])
    let start = elf.offsets[2]
    let relocations = names.indices.flatMap {
      quads(UInt64(start + 2 * $0), UInt64($0 + 1) << 32 | 6, 0)
    }
    elf.sections.append(.init(".rela.dyn", type: 4, relocations, link: 2))
    let bytes = elf.bytes
    let read = ElfImage(bytes.rawSpan)
    let image = try #require(read)
    let masked = FieldMasker.mask(bytes.rawSpan, image, [])
    let tokens = names.map { Token.name(Array($0.utf8)) }
    let found = names.indices.map { masked.rawSpan.load16(start + 2 * $0) }
    #expect(found == tokens.map { UInt16(truncatingIfNeeded: $0) })
  }
}
