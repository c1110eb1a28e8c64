internal import Bytes

/// The parts of an ELF header that matter, checked (`Elf64_Ehdr`).
struct ElfHeader {
  static let byteCount = 64
  static let segmentEntrySize = 56
  static let sectionEntrySize = 64
  /// A file with more program headers is not projected.
  static let maxSegmentEntries = 1024

  let type: ElfImage.FileType
  let machine: ElfImage.Machine
  /// Where the tables are; inside the file.
  let segmentTable: Int
  let segmentCount: Int
  let sectionTable: Int
  let sectionCount: Int
  /// The section with the names of sections.
  let nameSection: Int

  /// - Parameters:
  ///   - bytes: The start of the file.
  ///   - byteCount: How many bytes the file has.
  init?(_ bytes: RawSpan, byteCount: Int) {
    // Magic, 64 bits, little-endian.
    guard bytes.byteCount >= Self.byteCount, bytes.load32(0) == 0x464c_457f,
      bytes.load16(4) == 0x0102, let type = ElfImage.FileType(rawValue: bytes.load16(16)),
      let machine = ElfImage.Machine(rawValue: bytes.load16(18))
    else { return nil }
    self.type = type
    self.machine = machine
    segmentCount = Int(bytes.load16(56))
    sectionCount = Int(bytes.load16(60))
    nameSection = Int(bytes.load16(62))
    guard
      let segmentTable = Self.table(
        byteCount, at: bytes.load64(32), count: segmentCount, entrySize: bytes.load16(54),
        expected: Self.segmentEntrySize),
      let sectionTable = Self.table(
        byteCount, at: bytes.load64(40), count: sectionCount, entrySize: bytes.load16(58),
        expected: Self.sectionEntrySize),
      nameSection < sectionCount, sectionCount < 0xff00, segmentCount <= Self.maxSegmentEntries
    else { return nil }
    self.segmentTable = segmentTable
    self.sectionTable = sectionTable
  }

  private static func table(
    _ byteCount: Int, at offset: UInt64, count: Int, entrySize: UInt16, expected: Int
  ) -> Int? {
    guard count > 0 else { return 0 }
    guard entrySize == expected, let start = Int(exactly: offset), start <= byteCount,
      count &* expected <= byteCount &- start
    else { return nil }
    return start
  }
}
