internal import Bytes

extension FieldParser {
  /// `SHT_RELA` of a linked file.
  mutating func parseRelocations(_ region: FieldRegion) {
    let symbols = index.linkedSymbols(of: index.image.sections[region.section])
    for at in places(region, size: Relocation.byteCount) {
      let relocation = Relocation(view.bytes, at: at &- view.base)
      list.append(.relocation, at: at, target: relocation.offset)
      if relocation.symbol != 0 {
        appendSymbol(of: relocation, at: at, symbols)
      } else if Int64(bitPattern: relocation.addend) > 0 {
        list.append(.absolute64, at: at &+ 16, target: relocation.addend)
      }
    }
  }

  private mutating func appendSymbol(
    of relocation: Relocation, at: Int, _ symbols: (index: Int, section: ElfSection, count: Int)?
  ) {
    guard let symbols, relocation.symbol != 0, relocation.symbol < symbols.count else { return }
    list.append(
      .index, at: at &+ 12,
      target: UInt64(symbols.section.range.lowerBound &+ relocation.symbol &* Symbol.byteCount),
      section: symbols.index)
  }

  /// `SHT_RELA` of a relocatable file.
  mutating func parseSectionRelocations(_ region: FieldRegion) {
    let section = index.image.sections[region.section]
    guard section.info > 0 else { return }
    let symbols = index.linkedSymbols(of: section)
    let relocated = index.image.sections[section.info]
    for at in places(region, size: Relocation.byteCount) {
      let relocation = Relocation(view.bytes, at: at &- view.base)
      list.append(
        .sectionRelocation, at: at, target: relocated.address &+ relocation.offset,
        section: section.info)
      appendSymbol(of: relocation, at: at, symbols)
      if let symbols, symbols.index == index.symbolTable,
        let meant = index.section(ofSymbol: relocation.symbol)
      {
        appendAddend(relocation, at: at, meant, relocated)
      }
    }
  }

  /// The addend to a section's start is a place in the section.
  private mutating func appendAddend(
    _ relocation: Relocation, at: Int, _ meant: Int, _ relocated: ElfSection
  ) {
    let section = index.image.sections[meant]
    let adjustment = relocation.endsInstruction(on: index.image.machine, in: relocated) ? 4 : 0
    let place = relocation.addend &+ UInt64(adjustment)
    guard place <= section.size else { return }
    list.append(
      .table64, at: at &+ 16, target: section.address &+ place, adjustment: adjustment,
      section: meant)
  }

  /// `SHT_RELR`: addresses of words to relocate; the bitmaps between them are none.
  mutating func parseRelativeRelocations(_ region: FieldRegion) {
    for at in places(region, size: 8) {
      let entry = view.load64(at)
      if entry & 1 == 0 { list.append(.absolute64, at: at, target: entry) }
    }
  }
}
