internal import Bytes

extension FieldParser {
  /// `SHT_RELA` of a linked file.
  mutating func parseRelocations() {
    for index in sections(where: { $0.type == ElfSection.Kind.relocations }) {
      let section = image.sections[index]
      let symbols = linkedSymbols(of: section)
      guard spend(section.range.count) else { return }
      for at in stride(
        from: section.range.lowerBound,
        through: section.range.upperBound &- Relocation.byteCount, by: Relocation.byteCount)
      {
        let relocation = Relocation(bytes, at: at)
        list.append(.relocation, at: at, target: relocation.offset)
        if relocation.symbol != 0 {
          appendSymbol(of: relocation, at: at, symbols)
        } else if Int64(bitPattern: relocation.addend) > 0 {
          list.append(.absolute64, at: at &+ 16, target: relocation.addend)
          appendRelocatedWord(relocation)
        }
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

  /// Some linkers write the addend to the relocated word, too.
  private mutating func appendRelocatedWord(_ relocation: Relocation) {
    guard relocation.isRelative(on: image.machine) else { return }
    let offset = image.segments.offset(ofAddress: relocation.offset)
    guard let offset = Int(exactly: offset), offset <= bytes.byteCount &- 8,
      bytes.load64(offset) == relocation.addend
    else { return }
    list.append(.absolute64, at: offset, target: relocation.addend)
  }

  /// `SHT_RELA` of a relocatable file.
  mutating func parseSectionRelocations() {
    for index in sections(where: { $0.type == ElfSection.Kind.relocations }) {
      let section = image.sections[index]
      let symbols = linkedSymbols(of: section)
      guard spend(section.range.count) else { return }
      guard section.info > 0 else { continue }
      let relocated = image.sections[section.info]
      for at in stride(
        from: section.range.lowerBound,
        through: section.range.upperBound &- Relocation.byteCount, by: Relocation.byteCount)
      {
        let relocation = Relocation(bytes, at: at)
        list.append(
          .sectionRelocation, at: at, target: relocated.address &+ relocation.offset,
          section: section.info)
        appendSymbol(of: relocation, at: at, symbols)
        if let symbols, relocation.symbol < symbols.count {
          let entry = symbols.section.range.lowerBound &+ relocation.symbol &* Symbol.byteCount
          appendAddend(relocation, at: at, Symbol(bytes, at: entry), relocated)
        }
      }
    }
  }

  /// The addend to a section's start is a place in the section.
  private mutating func appendAddend(
    _ relocation: Relocation, at: Int, _ symbol: Symbol, _ relocated: ElfSection
  ) {
    guard symbol.isSection, symbol.section > 0, symbol.section < image.sections.count else {
      return
    }
    let section = image.sections[symbol.section]
    let adjustment = relocation.endsInstruction(on: image.machine, in: relocated) ? 4 : 0
    let place = relocation.addend &+ UInt64(adjustment)
    guard place <= section.size else { return }
    list.append(
      .table64, at: at &+ 16, target: section.address &+ place, adjustment: adjustment,
      section: symbol.section)
  }
}
