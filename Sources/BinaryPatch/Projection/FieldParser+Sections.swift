internal import Bytes

extension FieldParser {
  /// The file's header: where the section header table is.
  mutating func parseHeader(_ region: FieldRegion) {
    list.append(
      .absolute64, at: region.entries.lowerBound, target: UInt64(index.image.sectionTable))
  }

  /// The section header table: where sections are, and how long.
  mutating func parseSectionHeaders(_ region: FieldRegion) {
    let image = index.image
    for at in places(region, size: ElfHeader.sectionEntrySize) {
      let number = (at &- region.entries.lowerBound) / ElfHeader.sectionEntrySize
      // The null section is nowhere.
      guard number > 0, number < image.sections.count else { continue }
      let section = image.sections[number]
      if !image.isRelocatable, section.address != 0 {
        list.append(
          .sectionPlace, at: at &+ 16, target: section.address, adjustment: 1, section: number)
      }
      list.append(.sectionPlace, at: at &+ 24, target: section.offset, section: number)
      if !section.range.isEmpty {
        list.append(.sectionLength, at: at &+ 32, target: section.offset)
      }
    }
  }

  /// Of a kernel module, `__versions` (`struct modversion_info`: eight bytes and a name), or the
  /// checksums of the symbols that it exports: the first four bytes of `size`.
  mutating func parseChecksums(_ region: FieldRegion, each size: Int) {
    for at in places(region, size: size) {
      let checksum = view.load32(at)
      if checksum != 0 { list.append(.checksum, at: at, target: UInt64(checksum)) }
    }
  }
}
