import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

/// The fields of a file, which must be one that is projected; without those of headers.
func fields(_ elf: SmallElf) throws -> [Field] {
  let table = Int(elf.bytes.rawSpan.load64(40))
  return try allFields(elf).filter { $0.start >= 64 && $0.start < table }
}

/// The same, but all.
func allFields(_ elf: SmallElf) throws -> [Field] {
  let bytes = elf.bytes
  let image = try image(of: bytes)
  let parsed = FieldParser.parse(bytes.rawSpan, image)
  return try #require(parsed)
}

/// The image of a file that must have one.
func image(of bytes: [UInt8]) throws -> ElfImage {
  let image = ElfImage(bytes.rawSpan)
  return try #require(image)
}

/// A field as a parser should find it.
func field(
  _ kind: FieldKind, at offset: Int, _ target: UInt64, adjustment: UInt8 = 0, section: UInt16 = 0
) -> Field {
  Field(
    offset: UInt32(offset), kind: kind, adjustment: adjustment, section: section, target: target)
}

@Suite("Finding the fields of executables")
struct FieldParserTests {
  static let executable: UInt64 = 6

  @Test("Calls, jumps, conditional jumps and rip-relative operands of x86-64 code")
  func x86() throws {
    let code: [UInt8] =
      [0xe8, 0x10, 0, 0, 0]  // call
      + [0x0f, 0x84, 0x20, 0, 0, 0]  // je
      + [0x48, 0x8b, 0x05, 0x30, 0, 0, 0]  // mov 0x30(%rip), %rax
      + [0xc7, 0x05, 0x40, 0, 0, 0, 1, 0, 0, 0]  // movl $1, 0x40(%rip)
      + [0xeb, 0xfe, 0x90, 0xc3]
      + [0xe8, 0, 0, 0, 0x70]  // far outside: none
      + [0xc3]
    let elf = SmallElf(base: 0x10000, [.init(".text", flags: Self.executable, code)])
    let at = elf.offsets[0]
    let va = 0x10000 + UInt64(at)
    #expect(
      try fields(elf) == [
        field(.relative, at: at + 1, va + 5 + 0x10, adjustment: 4),
        field(.conditionalJump, at: at + 7, va + 11 + 0x20, adjustment: 4),
        field(.relative, at: at + 14, va + 18 + 0x30, adjustment: 4),
        field(.relative, at: at + 20, va + 28 + 0x40, adjustment: 8),
      ])
  }

  @Test("Branches, ADR, and ADRP with the instruction that completes its target, of AArch64")
  func arm64() throws {
    let code = words(
      0x9400_0004,  // bl +16
      0x5400_0060,  // b.eq +12
      0x3600_0040,  // tbz w0, #0, +8
      0x1000_0081,  // adr x1, +16
      0xb000_0002,  // adrp x2, next page
      0x9104_8c42,  // add x2, x2, #0x123
      0xf940_0443,  // ldr x3, [x2, #8]: x2 is no page any more
      0x9000_0004,  // adrp x4, this page
      0xd503_201f)
    var elf = SmallElf(machine: 183, [.init(".text", flags: Self.executable, code)])
    elf.sections[0].bytes += [UInt8](repeating: 0, count: 0x1200)
    let at = elf.offsets[0]
    let va = UInt64(at)
    #expect(
      try fields(elf) == [
        field(.branch26, at: at, va + 16), field(.branch19, at: at + 4, va + 16),
        field(.branch14, at: at + 8, va + 16), field(.address, at: at + 12, va + 28),
        field(.page, at: at + 16, 0x1123, adjustment: 1),
        field(.pageOffset, at: at + 20, 0x1123), field(.page, at: at + 28, 0),
      ])
  }

  @Test("Symbols, their names and lengths; relocations, and the words that they repeat")
  func symbols() throws {
    var elf = SmallElf(
      base: 0x1000,
      [
        .init(".dynstr", type: 3, Array("\0one\0two\0".utf8)),
        .init(".dynsym", type: 11, link: 1), .init(".rela.dyn", type: 4, link: 2),
        .init(".data", quads(0, 0x1090)), .init(".hash", type: 5, words(1, 2, 1, 0), link: 2),
        .init(".gnu.hash", type: 1, words(2, 0, 1, 0, 0, 0, 1, 0, 7, 7), link: 2),
      ])
    elf.sections[1].bytes =
      quads(0, 0, 0) + words(1, 0x0001_0012) + quads(0x1080, 8) + words(5, 0x0001_0006)
      + quads(0x1080, 8)
    let data = UInt64(elf.offsets[3])
    elf.sections[2].bytes = quads(0x1000, 0x1_0000_0006, 0) + quads(0, 8, 0x1090)
    let offsets = elf.offsets
    let moved = UInt64(elf.offsets[3])
    elf.sections[2].bytes.replaceSubrange(24..<32, with: quads(0x1000 + moved + 8))
    _ = data
    let strings = UInt64(offsets[0])
    let table = offsets[1]
    #expect(
      try fields(elf) == [
        field(.name, at: table + 24, strings + 1, section: 1),
        field(.absolute64, at: table + 32, 0x1080),
        field(.length64, at: table + 40, 0x1080),
        // Thread-local: a name only.
        field(.name, at: table + 48, strings + 5, section: 1),
        field(.relocation, at: offsets[2], 0x1000),
        field(.index, at: offsets[2] + 12, UInt64(table) + 24, section: 2),
        field(.relocation, at: offsets[2] + 24, 0x1000 + moved + 8),
        field(.absolute64, at: offsets[2] + 40, 0x1090),
        field(.absolute64, at: offsets[3] + 8, 0x1090),
        field(.index, at: offsets[4] + 8, UInt64(table) + 24, section: 2),
        field(.index, at: offsets[5] + 24, UInt64(table) + 24, section: 2),
      ])
  }

  @Test("Pointers of the offset table, of initializers and of the dynamic section, not its sizes")
  func pointers() throws {
    let elf = SmallElf(
      base: 0x10000,
      [
        .init(".got", quads(0, 0x10080, 5)), .init(".init_array", quads(0x10090)),
        .init(".dynamic", type: 6, quads(12, 0x10100, 8, 0x10100, 30, 8)),
      ])
    #expect(
      try fields(elf) == [
        field(.absolute64, at: elf.offsets[0] + 8, 0x10080),
        field(.absolute64, at: elf.offsets[1], 0x10090),
        field(.absolute64, at: elf.offsets[2] + 8, 0x10100),
      ])
  }

  @Test("Relative relocations packed in bitmaps, and the words they relocate")
  func relr() throws {
    var elf = SmallElf([
      .init(".data", quads(0x10, 0x20, 0x30, 0x40)), .init(".relr.dyn", type: 19),
    ])
    let at = UInt64(elf.offsets[0])
    // The first word, then the first and the third after it.
    elf.sections[1].bytes = quads(at, 0b1011)
    #expect(
      try fields(elf) == [
        field(.absolute64, at: Int(at), 0x10), field(.absolute64, at: Int(at) + 8, 0x20),
        field(.absolute64, at: Int(at) + 24, 0x40),
        field(.absolute64, at: elf.offsets[1], at),
      ])
  }

  @Test("Call frames: the search table, CIE pointers, functions, their lengths and their LSDA")
  func frames() throws {
    let common =
      words(0x1c, 0) + [1] + Array("zPLR\0".utf8) + [1, 0x78, 16, 7, 0x9b] + words(0x50)
      + [0x1b, 0x1b] + [0, 0, 0, 0, 0, 0, 0]
    #expect(common.count == 0x20)
    let description =
      words(0x1c, 0x24, 0x100, 0x20) + [4] + words(0x60)
      + [UInt8](
        repeating: 0, count: 11)
    let elf = SmallElf(
      base: 0x1000,
      [
        .init(".eh_frame_hdr", words(0x3b03_1b01, 0x10, 1, 0x200, 0x300)),
        .init(".eh_frame", common + description + words(0)),
      ])
    let (header, frame) = (elf.offsets[0], elf.offsets[1])
    let headerVA = 0x1000 + UInt64(header)
    let va = 0x1000 + UInt64(frame)
    #expect(
      try fields(elf) == [
        field(.relative, at: header + 4, headerVA + 4 + 0x10),
        field(.table32, at: header + 12, headerVA + 0x200, section: 1),
        field(.table32, at: header + 16, headerVA + 0x300, section: 1),
        field(.relative, at: frame + 19, va + 19 + 0x50),
        field(.cie, at: frame + 36, va), field(.relative, at: frame + 40, va + 40 + 0x100),
        field(.length32, at: frame + 44, va + 40 + 0x100),
        field(.relative, at: frame + 49, va + 49 + 0x60),
      ])
  }

  @Test("Jump tables that code takes the address of, and numbers that the linkage table pushes")
  func tables() throws {
    var elf = SmallElf([
      .init(".text", flags: Self.executable, [0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3]),
      .init(".rodata", words(0, 0, 0x7000_0000)),
      .init(
        ".plt", flags: Self.executable,
        [UInt8](repeating: 0x90, count: 16) + [0xff, 0x25, 0, 0, 0, 0, 0x68, 1, 0, 0, 0]
          + [0xe9, 0, 0, 0, 0]),
      .init(".rela.plt", type: 4, quads(0, 7, 0, 0, 7, 0)),
    ])
    let offsets = elf.offsets
    elf.sections[0].bytes.replaceSubrange(
      3..<7, with: words(UInt32(offsets[1] - offsets[0] - 7)))
    let distance = UInt32(bitPattern: Int32(offsets[0] - offsets[1]))
    elf.sections[1].bytes.replaceSubrange(0..<8, with: words(distance, distance &+ 7))
    let found = try fields(elf)
    #expect(found.contains(field(.table32, at: offsets[1], UInt64(offsets[0]))))
    #expect(found.contains(field(.table32, at: offsets[1] + 4, UInt64(offsets[0]) + 7)))
    #expect(!found.contains { $0.start == offsets[1] + 8 })
    #expect(
      found.contains(
        field(.index, at: offsets[2] + 16 + 7, UInt64(offsets[3]) + 24, section: 4)))
  }

  @Test("Words and operands of a program with fixed addresses that fall into a section")
  func executable() throws {
    let code: [UInt8] = [0xbf, 0x80, 0x00, 0x40, 0, 0x8b, 0x04, 0xc5, 0x84, 0x00, 0x40, 0]
    let elf = SmallElf(
      type: 2, base: 0x40_0000,
      [.init(".text", flags: Self.executable, code), .init(".data", quads(0x40_0082, 0x50_0000))])
    #expect(
      try fields(elf) == [
        field(.absolute32, at: elf.offsets[0] + 1, 0x40_0080),
        field(.absolute32, at: elf.offsets[0] + 8, 0x40_0084),
        field(.absolute64, at: elf.offsets[1], 0x40_0082),
      ])
  }

  @Test("Relocations of a kernel module, its symbols, and the types that it describes")
  func relocatable() throws {
    var elf = SmallElf(
      type: 1,
      [
        .init(".text", flags: Self.executable, [UInt8](repeating: 0x90, count: 32)),
        .init(".symtab", type: 2, flags: 0, link: 3),
        .init(".strtab", type: 3, flags: 0, [0, 97, 0]),
        .init(".rela.text", type: 4, flags: 0, link: 2, info: 1),
        .init(".BTF", flags: 0),
      ])
    elf.sections[1].bytes =
      quads(0, 0, 0) + words(0, 0x0001_0003) + quads(0, 0) + words(1, 0x0001_0012) + quads(8, 0)
    elf.sections[3].bytes = quads(4, 0x1_0000_0002, 12) + quads(20, 0x2_0000_0004, 0)
    // A pointer to type 7, and a structure with one member.
    elf.sections[4].bytes =
      words(0x0001_eb9f, 24, 0, 36, 36, 0) + words(0, 2 << 24, 7)
      + words(9, 4 << 24 | 1, 8) + words(11, 3, 0)
    let offsets = elf.offsets
    let text = UInt64(offsets[0])
    #expect(
      try fields(elf) == [
        field(.table64, at: offsets[1] + 32, text, section: 1),
        field(.name, at: offsets[1] + 48, UInt64(offsets[2]) + 1, section: 3),
        field(.table64, at: offsets[1] + 56, text + 8, section: 1),
        field(.sectionRelocation, at: offsets[3], text + 4, section: 1),
        field(.index, at: offsets[3] + 12, UInt64(offsets[1]) + 24, section: 2),
        field(.table64, at: offsets[3] + 16, text + 16, adjustment: 4, section: 1),
        field(.sectionRelocation, at: offsets[3] + 24, text + 20, section: 1),
        field(.index, at: offsets[3] + 36, UInt64(offsets[1]) + 48, section: 2),
        field(.btf, at: offsets[4] + 32, 7, adjustment: 1),
        field(.btf, at: offsets[4] + 36, 9, adjustment: 0),
        field(.btf, at: offsets[4] + 48, 11, adjustment: 0),
        field(.btf, at: offsets[4] + 52, 3, adjustment: 1),
      ])
  }

  @Test("Where sections are, and how long, and where the table of them is")
  func headers() throws {
    let sections: [SmallElf.Section] = [
      .init(".text", flags: Self.executable, [0xc3]), .init(".bss", type: 8, size: 8),
      .init(".empty", flags: 0),
    ]
    for type in [1, 3] as [UInt16] {
      let elf = SmallElf(type: type, base: 0x1000, sections)
      let table = Int(elf.bytes.rawSpan.load64(40))
      let names = UInt64(elf.offsets[2])
      var expected: [Field] = type == 1 ? [field(.absolute64, at: 40, UInt64(table))] : []
      for index in 1...4 {
        let at = table + index * 64
        let offset = index == 4 ? names : UInt64(elf.offsets[index - 1])
        if type == 3, index < 4 {
          expected.append(
            field(
              .sectionPlace, at: at + 16, 0x1000 + offset, adjustment: 1, section: UInt16(index)))
        }
        expected.append(field(.sectionPlace, at: at + 24, offset, section: UInt16(index)))
        if index == 1 || index == 4 {
          expected.append(field(.sectionLength, at: at + 32, offset))
        }
      }
      let found = try allFields(elf).filter { $0.start < 64 || $0.start >= table }
      #expect(found == expected)
    }
  }

  @Test("Checksums of symbols that a kernel module needs, and of those that it exports")
  func checksums() throws {
    let record = [UInt8](repeating: 0, count: 56)
    let sections: [SmallElf.Section] = [
      .init("__versions", quads(0x1234_5678) + record + quads(0) + record + quads(9) + record),
      .init("__kcrctab_gpl", words(5, 0, 6) + [1, 0]),
    ]
    let elf = SmallElf(type: 1, sections)
    let (versions, exported) = (elf.offsets[0], elf.offsets[1])
    #expect(
      try fields(elf) == [
        field(.checksum, at: versions, 0x1234_5678), field(.checksum, at: versions + 128, 9),
        field(.checksum, at: exported, 5), field(.checksum, at: exported + 8, 6),
      ])
    // A kernel exports symbols, too.
    let kernel = SmallElf(type: 3, sections)
    let table = kernel.offsets[1]
    #expect(
      try fields(kernel) == [
        field(.checksum, at: table, 5), field(.checksum, at: table + 8, 6),
      ])
  }

  @Test("Numbers at the end of the compiler's unique names")
  func counters() throws {
    let strings = Array(
      "\u{0}__UNIQUE_ID_alias7\u{0}__UNIQUE_ID_a12345.61\u{0}__UNIQUE_ID_none\u{0}other99\u{0}".utf8
    )
    let elf = SmallElf(
      type: 1,
      [
        .init(".symtab", type: 2, flags: 0, [UInt8](repeating: 0, count: 24), link: 2),
        .init(".strtab", type: 3, flags: 0, strings),
      ])
    let at = elf.offsets[1]
    #expect(
      try fields(elf) == [
        field(.counter, at: at + 15, 7, adjustment: 1),
        field(.counter, at: at + 34, 2345, adjustment: 4),
      ])
    // Names of 111 and 112 bytes; the last one may be longer, as nothing ends it but the section.
    for (length, last, count) in [(111, 1, 1), (112, 1, 0), (16, 112, 2), (16, 113, 1)] {
      let names = [length, last].flatMap { length in
        Array("__UNIQUE_ID_".utf8) + [UInt8](repeating: 0x37, count: max(length - 12, 1)) + [0]
      }
      var object = elf
      object.sections[1].bytes = Array(names.dropLast())
      #expect(try fields(object).count == count, "\(length) \(last)")
    }
    // "as7", "2345"
    #expect(Counter.bytes(0x3773_6169, digits: 1, number: 128) == 0x3873_6169)
    #expect(Counter.bytes(0x3534_3332, digits: 4, number: 71) == 0x3137_3030)
    #expect(Counter.number(0x3534_3332, digits: 4) == 2345)
    #expect(Counter.number(0x3534_3361, digits: 4) == nil)
  }

  @Test("Other files have no fields: other machines, word sizes, byte orders, cut tables")
  func others() {
    let good = SmallElf([.init(".text", flags: Self.executable, [0xc3])]).bytes
    let image = ElfImage(good.rawSpan)
    #expect(image != nil)
    for (at, byte) in [(0, 0), (4, 1), (5, 2), (16, 4), (18, 3), (54, 55), (58, 63), (62, 9)] {
      var bad = good
      bad[at] = UInt8(byte)
      let image = ElfImage(bad.rawSpan)
      #expect(image == nil, "byte \(at)")
    }
    for count in 0..<good.count {
      let cut = Array(good[..<count])
      let image = ElfImage(cut.rawSpan)
      #expect(image == nil)
    }
  }
}
