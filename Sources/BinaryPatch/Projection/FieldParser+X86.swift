internal import Bytes

extension FieldParser {
  /// x86-64 code: from the section's start, one instruction after the other.
  mutating func parseX86Code(_ region: FieldRegion, _ window: Int) {
    let section = index.image.sections[region.section]
    let lowest = index.lowestAddress
    let isLinkage = index.isLinkage(section)
    let table = X86OpcodeTable.oneByte
    let code = view.bytes
    let base = view.base
    let end = min(region.range.upperBound, view.end) &- base
    let limit = min(list.window.upperBound, region.range.upperBound) &- base
    var at = start(region, window) &- base
    while at < limit {
      let instruction = X86Instruction(code, at: at, to: end, table.span)
      guard instruction.length > 0 else {
        at &+= 1
        continue
      }
      if instruction.reference != .none { appendReference(of: instruction, at: at, section) }
      if let lowest {
        appendAddress(at, instruction.displacementOffset, lowest)
        appendAddress(at, instruction.immediateOffset, lowest)
      }
      if isLinkage, code[at] == 0x68, instruction.immediateOffset == 1 { appendPush(at) }
      at &+= instruction.length
    }
  }

  private mutating func appendReference(
    of instruction: X86Instruction, at: Int, _ section: ElfSection
  ) {
    let field = at &+ instruction.referenceOffset
    let target =
      section.address(ofOffset: view.base &+ at &+ instruction.length)
      &+ view.bytes.loadSigned32(field)
    guard index.image.segments.contains(target) else { return }
    list.append(
      instruction.reference == .conditionalJump ? .conditionalJump : .relative,
      at: view.base &+ field, target: target,
      adjustment: instruction.length &- instruction.referenceOffset)
  }

  /// In a program with fixed addresses, a 32-bit operand may be one.
  private mutating func appendAddress(_ at: Int, _ offset: Int, _ lowest: UInt64) {
    guard offset > 0 else { return }
    let value =
      index.image.isKernel
      ? view.bytes.loadSigned32(at &+ offset) : UInt64(view.bytes.load32(at &+ offset))
    guard value >= lowest, index.image.section(at: value) != nil else { return }
    list.append(.absolute32, at: view.base &+ at &+ offset, target: value)
  }

  /// `.plt`: the number of the relocation that an entry pushes.
  private mutating func appendPush(_ at: Int) {
    guard let relocations = index.linkageRelocations else { return }
    let table = index.image.sections[relocations].range
    let number = Int(view.bytes.load32(at &+ 1))
    // An address of a program is no number.
    guard number < table.count / Relocation.byteCount,
      index.lowestAddress.map({ number < $0 }) ?? true
    else { return }
    list.append(
      .index, at: view.base &+ at &+ 1,
      target: UInt64(table.lowerBound &+ number &* Relocation.byteCount), section: relocations)
  }
}
