internal import Bytes

extension FieldParser {
  /// The section header table: where sections are, and how long; of a relocatable file also where the
  /// table itself is.
  mutating func parseSectionHeaders() {
    guard spend(image.sections.count &* ElfHeader.sectionEntrySize) else { return }
    let table = Int(truncatingIfNeeded: bytes.load64(40))
    if image.isRelocatable, !image.sections.isEmpty {
      list.append(.absolute64, at: 40, target: UInt64(table))
    }
    for (index, section) in image.sections.enumerated().dropFirst() {
      let at = table &+ index &* ElfHeader.sectionEntrySize
      if !image.isRelocatable, section.address != 0 {
        list.append(
          .sectionPlace, at: at &+ 16, target: section.address, adjustment: 1, section: index)
      }
      list.append(.sectionPlace, at: at &+ 24, target: section.offset, section: index)
      if !section.range.isEmpty {
        list.append(.sectionLength, at: at &+ 32, target: section.offset)
      }
    }
  }

  /// `__versions`, and the checksums of exported symbols, of a kernel module.
  mutating func parseChecksums() {
    for index in sections(where: { $0.isNamed("__versions") }) {
      // struct modversion_info: eight bytes and a name.
      parseChecksums(in: image.sections[index].range, each: 64)
    }
    for index in sections(where: { $0.isNamed(startingWith: "__kcrctab") }) {
      parseChecksums(in: image.sections[index].range, each: 4)
    }
  }

  private mutating func parseChecksums(in range: Range<Int>, each size: Int) {
    guard spend(range.count) else { return }
    for at in stride(from: range.lowerBound, through: range.upperBound &- size, by: size) {
      let checksum = bytes.load32(at)
      if checksum != 0 { list.append(.checksum, at: at, target: UInt64(checksum)) }
    }
  }
}
