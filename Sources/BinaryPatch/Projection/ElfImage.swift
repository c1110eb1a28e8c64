internal import Bytes

/// What of an ELF file tells where its bytes are in memory: segments and sections.
///
/// Only what ``Projection`` understands becomes one: ELF64, little-endian, x86-64 or AArch64; an
/// object, a program or a library. Everything here is part of the patch format: both sides must
/// read the same from the same bytes.
package struct ElfImage: Sendable {
  /// `e_machine`.
  package enum Machine: UInt16, Sendable {
    /// `EM_X86_64`.
    case x86_64 = 62
    /// `EM_AARCH64`.
    case aarch64 = 183
  }

  /// `e_type`.
  package enum FileType: UInt16, Sendable {
    /// `ET_REL`: an object file or a kernel module.
    case relocatable = 1
    /// `ET_EXEC`.
    case executable = 2
    /// `ET_DYN`.
    case shared = 3
  }

  /// An address or offset that there is not.
  package static let unknown = UInt64.max
  /// Files of this many bytes and more are not projected: offsets of fields have 32 bits.
  package static let tooLong = 1 << 32

  package let machine: Machine
  package let type: FileType
  /// How many bytes the file has.
  package let byteCount: Int
  package let segments: ElfSegments
  /// In the order of the section header table, which starts with the null section.
  package let sections: [ElfSection]
  /// The section `.BTF`, if there is a header in it; 0: none.
  package let btf: Int
  /// Where its strings start in the file.
  package let btfStrings: UInt64
  private let byAddress: SectionLookup
  private let byOffset: SectionLookup

  /// Whether addresses are file offsets, since nothing has an address yet.
  package var isRelocatable: Bool { type == .relocatable }

  /// Reads the headers; `nil` when the file is none of ours, or odd in any way.
  package init?(_ bytes: RawSpan) {
    guard bytes.byteCount < Self.tooLong, let header = ElfHeader(bytes),
      let segments = ElfSegments(bytes, header), let sections = ElfSection.table(bytes, header)
    else { return nil }
    machine = header.machine
    type = header.type
    byteCount = bytes.byteCount
    self.segments = segments
    self.sections = sections
    (btf, btfStrings) = Self.findBTF(bytes, sections)
    let isRelocatable = header.type == .relocatable
    byAddress = SectionLookup(sections) { $0.memoryRange(inRelocatable: isRelocatable) }
    byOffset = SectionLookup(sections) { $0.fileRange }
  }

  private static func findBTF(
    _ bytes: RawSpan, _ sections: [ElfSection]
  ) -> (section: Int, strings: UInt64) {
    for index in sections.indices.dropFirst() where sections[index].isNamed(".BTF") {
      let range = sections[index].range
      // struct btf_header; offsets count from its end.
      guard range.count >= 24, bytes.load16(range.lowerBound) == 0xeb9f else { break }
      let header = UInt64(bytes.load32(range.lowerBound &+ 4))
      let strings = UInt64(bytes.load32(range.lowerBound &+ 16))
      return (index, UInt64(range.lowerBound) &+ header &+ strings)
    }
    return (0, 0)
  }

  /// The section that has an address, or ends at it when none has it.
  package func section(at address: UInt64) -> Int? {
    byAddress.find(address, endCounts: true)
  }

  /// The section that has a byte of the file.
  package func section(atOffset offset: UInt64) -> Int? {
    byOffset.find(offset, endCounts: false)
  }

  /// The first section of a name.
  package func section(named name: StaticString) -> Int? {
    sections.indices.dropFirst().first { sections[$0].isNamed(name) }
  }
}
