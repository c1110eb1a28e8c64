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

  /// Whether bytes without a form may be words that are relative to themselves.
  static func hasRelativeWords(_ section: ElfSection) -> Bool {
    section.isNamed(".rodata") || section.isNamed(".data") || section.isNamed(".init.data")
  }

  /// Bytes of a kernel's data without a form: eight that are two places relative to themselves, the
  /// first of code and the other in another section (`struct jump_entry`, `struct static_call_site`,
  /// lists of initializers), and after two of code the one that a jump entry ends with.
  mutating func appendRelativeWords(_ at: Int, _ region: FieldRegion) {
    let section = index.image.sections[region.section]
    switch kind(ofPairAt: at, region, section) {
    case .none:
      guard at &- 8 >= region.range.lowerBound,
        kind(ofPairAt: at &- 8, region, section) == .code
      else { return }
      let target = section.address(ofOffset: at) &+ view.load64(at)
      guard let meant = index.image.section(at: target), meant != region.section,
        !index.image.sections[meant].isExecutable, index.image.sections[meant].isWritable
      else { return }
      list.append(.relative64, at: at, target: target)
    case .code, .mixed:
      appendRelative(at: at, in: section)
      appendRelative(at: at &+ 4, in: section)
    }
  }

  /// Of two places relative to themselves, what they are of.
  private enum PairKind { case none, code, mixed }

  private func kind(
    ofPairAt at: Int, _ region: FieldRegion, _ section: ElfSection
  ) -> PairKind {
    let address = section.address(ofOffset: at)
    guard let first = index.image.section(at: address &+ view.loadSigned32(at)),
      index.image.sections[first].isExecutable,
      let second = index.image.section(at: address &+ 4 &+ view.loadSigned32(at &+ 4)),
      second != region.section
    else { return .none }
    let meant = index.image.sections[second]
    // Others have no objects that code refers to by such words.
    guard meant.isExecutable || meant.isWritable else { return .none }
    return meant.isExecutable ? .code : .mixed
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
