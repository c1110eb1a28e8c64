internal import Bytes

extension FieldParser {
  /// Tables of the kernel in sections of their own.
  mutating func parseRelativeTable(_ region: FieldRegion, _ table: RelativeTable) {
    let section = index.image.sections[region.section]
    for record in places(region, size: table.stride) {
      for place in table.places {
        let at = record &+ place
        // Zero: there is nothing.
        guard view.load32(at) != 0,
          index.image.section(at: section.address(ofOffset: at) &+ view.loadSigned32(at)) != nil
        else { continue }
        appendRelative(at: at, in: section)
      }
    }
  }

  /// Of the table of symbols, where they are: less than zero, from one less than the base downwards;
  /// others as they are, in the memory of each processor.
  mutating func parseSymbolOffsets(_ region: FieldRegion) {
    guard let symbols = index.image.kernelSymbols else { return }
    for at in places(region, size: 4) {
      let offset = view.loadSigned32(at)
      if Int64(bitPattern: offset) < 0 {
        list.append(.symbolOffset, at: at, target: symbols.base &- 1 &- offset)
      } else if offset != 0, index.image.section(at: offset) != nil {
        list.append(.absolute32, at: at, target: offset)
      }
    }
  }

  /// Of the table of symbols, their numbers in the order of names.
  mutating func parseSymbolNumbers24(_ region: FieldRegion) {
    guard let symbols = index.image.kernelSymbols else { return }
    for at in places(region, size: 3) {
      let number = Int(view[at]) &<< 16 | Int(view[at &+ 1]) &<< 8 | Int(view[at &+ 2])
      guard number < symbols.count else { continue }
      list.append(
        .symbolNumber, at: at, target: UInt64(symbols.offsets.lowerBound &+ 4 &* number))
    }
  }

  /// What the kernel appends to itself (`vmlinux.relocs`): the places of addresses that must be
  /// changed when it is loaded elsewhere, 32 bits of each.
  mutating func parseAppendedRelocations(_ region: FieldRegion) {
    for at in places(region, size: 4) {
      let target = view.loadSigned32(at)
      if target != 0, index.image.section(at: target) != nil {
        list.append(.absolute32, at: at, target: target)
      }
    }
  }
}
