internal import Bytes

extension FieldParser {
  /// x86-64 code: from each section's start, one instruction after the other.
  mutating func parseX86Code() {
    let lowest = lowestAddress
    let table = X86OpcodeTable.oneByte()
    for index in sections(where: \.isCode) {
      let section = image.sections[index]
      guard spend(section.range.count) else { return }
      var at = section.range.lowerBound
      let end = section.range.upperBound
      while at < end {
        let instruction = X86Instruction(bytes, at: at, to: end, table.span)
        guard instruction.length > 0 else {
          at &+= 1
          continue
        }
        if instruction.reference != .none { appendReference(of: instruction, at: at, section) }
        if let lowest {
          appendAddress(at, instruction.displacementOffset, lowest)
          appendAddress(at, instruction.immediateOffset, lowest)
        }
        at &+= instruction.length
      }
    }
  }

  private mutating func appendReference(
    of instruction: X86Instruction, at: Int, _ section: ElfSection
  ) {
    let field = at &+ instruction.referenceOffset
    let target =
      section.address(ofOffset: at &+ instruction.length) &+ bytes.loadSigned32(field)
    guard image.segments.contains(target) else { return }
    list.append(
      instruction.reference == .conditionalJump ? .conditionalJump : .relative, at: field,
      target: target, adjustment: instruction.length &- instruction.referenceOffset)
    if instruction.reference == .effectiveAddress { tableCandidates.append(target) }
  }

  /// In a program with fixed addresses, a 32-bit operand may be one.
  private mutating func appendAddress(_ at: Int, _ offset: Int, _ lowest: UInt64) {
    guard offset > 0 else { return }
    let value = UInt64(bytes.load32(at &+ offset))
    guard value >= lowest, image.section(at: value) != nil else { return }
    list.append(.absolute32, at: at &+ offset, target: value)
  }
}
