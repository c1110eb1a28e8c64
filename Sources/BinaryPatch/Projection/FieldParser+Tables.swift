internal import Bytes

extension FieldParser {
  /// `.plt` of x86-64: the number of the relocation that each entry pushes.
  mutating func parseProcedureLinkage() {
    guard let relocations = image.section(named: ".rela.plt") else { return }
    let base = image.sections[relocations].range
    for index in sections(where: { $0.isNamed(".plt") }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      for at in stride(from: range.lowerBound &+ 16, through: range.upperBound &- 16, by: 16) {
        // jmp *slot(%rip), or endbr64; then push $number.
        let push = bytes[at] == 0xff ? at &+ 6 : bytes[at] == 0xf3 ? at &+ 4 : at
        guard bytes[push] == 0x68 else { continue }
        let number = Int(bytes.load32(push &+ 1))
        guard number < base.count / Relocation.byteCount else { continue }
        list.append(
          .index, at: push &+ 1,
          target: UInt64(base.lowerBound &+ number &* Relocation.byteCount), section: relocations)
      }
    }
  }

  /// Tables of a `switch`: 32-bit distances from the table to code, where code takes an address.
  mutating func parseJumpTables() {
    tableCandidates.sort()
    let candidates = tableCandidates
    var next = 0
    while next < candidates.count {
      let base = candidates[next]
      while next < candidates.count, candidates[next] == base { next &+= 1 }
      // The section of the table, whose bytes end before it does when it leaves the file.
      guard base & 3 == 0, let index = image.section(at: base) else { continue }
      let section = image.sections[index]
      guard section.isNamed(".rodata"), base >= section.address else { continue }
      var at = section.range.lowerBound &+ Int(truncatingIfNeeded: base &- section.address)
      guard !section.range.isEmpty, at <= section.range.upperBound else { continue }
      let end = next < candidates.count ? candidates[next] &- base : UInt64.max
      let start = at
      while at &+ 4 <= section.range.upperBound, UInt64(at &- start) < end {
        let target = base &+ bytes.loadSigned32(at)
        guard let code = image.section(at: target), image.sections[code].isExecutable else {
          break
        }
        list.append(.table32, at: at, target: target)
        at &+= 4
      }
    }
  }
}
