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
  /// Where the section header table is.
  let sectionTable: Int
  /// The section `.BTF`, if there is a header in it; 0: none.
  package let btf: Int
  /// Where its strings start in the file.
  package let btfStrings: UInt64
  /// A kernel's table of symbols.
  package let kernelSymbols: KernelSymbols?
  private let byAddress: SectionLookup
  private let byOffset: SectionLookup

  /// The lowest address of a program that does not start near zero: any number that large may be an
  /// address.
  package let lowestAddress: UInt64?
  /// The start of the half of memory that 32-bit numbers with a sign reach.
  private static let kernelStart: UInt64 = 0xffff_ffff_8000_0000

  /// Whether it is a kernel of Linux for x86-64: 32 bits of an address have a sign.
  package let isKernel: Bool

  /// Whether addresses are file offsets, since nothing has an address yet.
  package var isRelocatable: Bool { type == .relocatable }

  private init(
    _ header: ElfHeader, _ segments: ElfSegments, _ sections: [ElfSection],
    _ btf: (section: Int, strings: UInt64), _ kernelSymbols: KernelSymbols?, byteCount: Int
  ) {
    self.kernelSymbols = kernelSymbols
    machine = header.machine
    type = header.type
    self.byteCount = byteCount
    self.segments = segments
    self.sections = sections
    sectionTable = header.sectionTable
    self.btf = btf.section
    btfStrings = btf.strings
    lowestAddress = Self.lowestAddress(header, segments)
    isKernel = Self.isKernel(header, segments)
    let isRelocatable = header.type == .relocatable
    byAddress = SectionLookup(sections) { $0.memoryRange(inRelocatable: isRelocatable) }
    byOffset = SectionLookup(sections) { $0.fileRange }
  }

  /// Reads the headers; `nil` when the file is none of ours, or odd in any way.
  ///
  /// - Parameter sectionCount: How many sections there must be, but the null section, if that is known:
  ///   they are not read from a file that has others.
  static func read<Old: OldBytes & ~Copyable>(
    from old: inout Old, sectionCount: Int? = nil
  ) throws(PatchApplyError<Old.Failure>) -> ElfImage? {
    guard let byteCount = Int(exactly: old.byteCount), byteCount < tooLong else { return nil }
    var buffer: [UInt8] = []
    try old.load(0..<min(ElfHeader.byteCount, byteCount), into: &buffer)
    guard let header = ElfHeader(buffer.rawSpan, byteCount: byteCount) else { return nil }
    if let sectionCount, sectionCount != max(header.sectionCount &- 1, 0) { return nil }
    let table = header.segmentTable
    try old.load(
      table..<(table &+ header.segmentCount &* ElfHeader.segmentEntrySize), into: &buffer)
    guard let segments = ElfSegments(buffer.rawSpan, header, byteCount: byteCount) else {
      return nil
    }
    let sections = try readSections(from: &old, header, byteCount)
    let btf = try findBTF(in: sections, of: &old)
    let symbols =
      isKernel(header, segments) ? try findSymbols(in: sections, of: &old) : nil
    return ElfImage(header, segments, sections, btf, symbols, byteCount: byteCount)
  }

  private static func findSymbols<Old: OldBytes & ~Copyable>(
    in sections: [ElfSection], of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> KernelSymbols? {
    guard let index = sections.dropFirst().firstIndex(where: { $0.isNamed(".rodata") }),
      sections[index].isAllocated, sections[index].type == ElfSection.Kind.programBits
    else { return nil }
    return try KernelSymbolsFinder.find(index, sections[index].range, of: &old)
  }

  private static func lowestAddress(_ header: ElfHeader, _ segments: ElfSegments) -> UInt64? {
    guard header.type == .executable else { return nil }
    return segments.all.map(\.address).filter { $0 >= 0x10000 }.min()
  }

  private static func isKernel(_ header: ElfHeader, _ segments: ElfSegments) -> Bool {
    guard header.machine == .x86_64, let lowest = lowestAddress(header, segments) else {
      return false
    }
    return lowest >= kernelStart
  }

  private static func readSections<Old: OldBytes & ~Copyable>(
    from old: inout Old, _ header: ElfHeader, _ byteCount: Int
  ) throws(PatchApplyError<Old.Failure>) -> [ElfSection] {
    let size = ElfHeader.sectionEntrySize
    var entry: [UInt8] = []
    let names = header.sectionTable &+ header.nameSection &* size
    try old.load(names..<(names &+ size), into: &entry)
    let strings = ElfSection.range(entry.rawSpan, byteCount)
    var sections: [ElfSection] = []
    sections.reserveCapacity(header.sectionCount)
    var string: [UInt8] = []
    for index in 0..<header.sectionCount {
      let at = header.sectionTable &+ index &* size
      try old.load(at..<(at &+ size), into: &entry)
      let offset = Int(entry.rawSpan.load32(0))
      string.removeAll(keepingCapacity: true)
      if offset < strings.count {
        let start = strings.lowerBound &+ offset
        let end = min(strings.upperBound, start &+ ElfSection.longestName &+ 1)
        try old.load(start..<end, into: &string)
      }
      let name = string.rawSpan.string(
        at: 0, in: 0..<string.count, atMost: ElfSection.longestName)
      sections.append(
        ElfSection(entry.rawSpan, name: name, header, byteCount: byteCount))
    }
    return sections
  }

  private static func findBTF<Old: OldBytes & ~Copyable>(
    in sections: [ElfSection], of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> (section: Int, strings: UInt64) {
    guard let index = sections.dropFirst().firstIndex(where: { $0.isNamed(".BTF") }) else {
      return (0, 0)
    }
    let start = sections[index].range.lowerBound
    // struct btf_header; offsets count from its end.
    guard sections[index].range.count >= 24 else { return (0, 0) }
    var buffer: [UInt8] = []
    try old.load(start..<(start &+ 24), into: &buffer)
    let header = buffer.rawSpan
    guard header.load16(0) == 0xeb9f else { return (0, 0) }
    return (index, UInt64(start) &+ UInt64(header.load32(4)) &+ UInt64(header.load32(16)))
  }

  /// Reads the headers of a file in memory.
  package init?(_ bytes: RawSpan) {
    let image: ElfImage? = unsafe bytes.withUnsafeBytes { buffer in
      var old = unsafe BorrowedBytes(buffer)
      do throws(PatchApplyError<Never>) { return try Self.read(from: &old) } catch { return nil }
    }
    guard let image else { return nil }
    self = image
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
