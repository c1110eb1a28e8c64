/// A 64-bit ELF file as a linker would lay it out anew; it may be wrong in any place.
public struct ElfFile: Sendable {
  /// A section header's place, and what it says.
  public struct Section: Sendable {
    /// Where in the file its header is.
    public let header: Int
    /// `sh_type`
    public let type: UInt64
    /// `sh_flags`
    public let flags: UInt64
    /// `sh_addr`
    public let address: UInt64
    /// Where its bytes are in the file; nothing for one without bytes.
    public let range: Range<Int>
  }

  /// The file.
  public let bytes: [UInt8]
  /// The sections, but for those that are not inside the file.
  public let sections: [Section]

  /// `nil` if this is no 64-bit ELF file with section headers inside it.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2]),
      let table = Int(exactly: bytes.number(at: 40, width: 8)), table >= 64
    else { return nil }
    let count = Int(bytes.number(at: 60, width: 2))
    guard count > 0, table <= bytes.count, count * 64 <= bytes.count - table else { return nil }
    self.bytes = bytes
    sections = (0..<count).compactMap { Self.section(bytes, at: table + $0 * 64) }
  }

  private static func section(_ bytes: [UInt8], at header: Int) -> Section? {
    let type = bytes.number(at: header + 4, width: 4)
    let hasBytes = type != 0 && type != 8
    guard let start = Int(exactly: bytes.number(at: header + 24, width: 8)),
      let size = Int(exactly: hasBytes ? bytes.number(at: header + 32, width: 8) : 0),
      start <= bytes.count, size <= bytes.count - start
    else { return nil }
    return Section(
      header: header, type: type, flags: bytes.number(at: header + 8, width: 8),
      address: bytes.number(at: header + 16, width: 8), range: start..<start + size)
  }

  /// The file with one section a few times 16 bytes longer, and nine of ten references to what is
  /// behind mended: headers, relocations, symbols, pointers, and calls of x86-64 and AArch64.
  public func relinked(using random: inout SeededGenerator) -> [UInt8] {
    guard let grown = sections.filter({ $0.range.count >= 16 }).randomElement(using: &random)
    else { return bytes }
    let place = Int.random(in: 0..<grown.range.count / 16, using: &random) * 16
    let step = Int.random(in: 1...4, using: &random) * 16
    let cut = Cut(
      offset: grown.range.lowerBound + place, address: grown.address + UInt64(place),
      step: UInt64(step))
    var out = bytes
    for section in sections { mend(&out, section, cut, using: &random) }
    mendHeaders(&out, cut, grown)
    out.insert(contentsOf: random.bytes(step), at: cut.offset)
    return out
  }

  /// Where bytes come in, and how many.
  private struct Cut {
    let offset: Int
    let address: UInt64
    let step: UInt64

    func moved(_ value: UInt64) -> UInt64 { value >= address ? value &+ step : value }
  }

  private func mendHeaders(_ out: inout [UInt8], _ cut: Cut, _ grown: Section) {
    for section in sections {
      if section.range.lowerBound >= cut.offset {
        out.add(cut.step, at: section.header + 24, width: 8)
      }
      if section.address >= cut.address { out.add(cut.step, at: section.header + 16, width: 8) }
    }
    out.add(cut.step, at: grown.header + 32, width: 8)
    let table = bytes.number(at: 32, width: 8)
    let count = bytes.number(at: 56, width: 2)
    if table >= 64, table <= UInt64(bytes.count), count * 56 <= UInt64(bytes.count) - table {
      for index in 0..<Int(count) { mendSegment(&out, Int(table) + index * 56, cut) }
    }
    if bytes.number(at: 40, width: 8) >= UInt64(cut.offset) { out.add(cut.step, at: 40, width: 8) }
  }

  private func mendSegment(_ out: inout [UInt8], _ at: Int, _ cut: Cut) {
    let start = bytes.number(at: at + 8, width: 8)
    let size = bytes.number(at: at + 32, width: 8)
    if start > UInt64(cut.offset) {
      for field in [8, 16, 24] { out.add(cut.step, at: at + field, width: 8) }
    } else if start &+ size > UInt64(cut.offset) {
      for field in [32, 40] { out.add(cut.step, at: at + field, width: 8) }
    }
  }

  private func mend(
    _ out: inout [UInt8], _ section: Section, _ cut: Cut, using random: inout SeededGenerator
  ) {
    switch section.type {
    case 2, 11: mendWords(&out, section, cut, every: 24, at: [8], using: &random)
    case 4: mendWords(&out, section, cut, every: 24, at: [0, 16], using: &random)
    case 6: mendWords(&out, section, cut, every: 16, at: [8], using: &random)
    case 1 where section.flags & 4 != 0: mendCode(&out, section, cut, using: &random)
    case 14, 15: mendWords(&out, section, cut, every: 8, at: [0], using: &random)
    default: break
    }
  }

  private func mendWords(
    _ out: inout [UInt8], _ section: Section, _ cut: Cut, every: Int, at fields: [Int],
    using random: inout SeededGenerator
  ) {
    for row in stride(from: section.range.lowerBound, to: section.range.upperBound, by: every)
    where row + every <= section.range.upperBound {
      for at in fields where UInt8.random(in: 0..<10, using: &random) > 0 {
        let value = bytes.number(at: row + at, width: 8)
        if value < UInt64(bytes.count) * 2 { out.set(cut.moved(value), at: row + at, width: 8) }
      }
    }
  }

  private func mendCode(
    _ out: inout [UInt8], _ section: Section, _ cut: Cut, using random: inout SeededGenerator
  ) {
    let isArm = bytes.number(at: 18, width: 2) == 183
    var at = section.range.lowerBound
    while at + 5 <= section.range.upperBound {
      let opcode = bytes[isArm ? at + 3 : at]
      let isCall = isArm ? opcode & 0xfc == 0x94 : opcode == 0xe8
      if isCall, UInt8.random(in: 0..<10, using: &random) > 0 {
        let pc = section.address &+ UInt64(at - section.range.lowerBound)
        if isArm { mendBranch(&out, at, pc, cut) } else { mendCall(&out, at, pc &+ 5, cut) }
      }
      at += isArm ? 4 : isCall ? 5 : 1
    }
  }

  private func mendCall(_ out: inout [UInt8], _ at: Int, _ pc: UInt64, _ cut: Cut) {
    let distance = Int32(truncatingIfNeeded: bytes.number(at: at + 1, width: 4))
    let target = pc &+ UInt64(bitPattern: Int64(distance))
    out.set(cut.moved(target) &- cut.moved(pc), at: at + 1, width: 4)
  }

  private func mendBranch(_ out: inout [UInt8], _ at: Int, _ pc: UInt64, _ cut: Cut) {
    let word = bytes.number(at: at, width: 4)
    let distance = Int64(Int32(truncatingIfNeeded: word << 6) >> 6) * 4
    let target = pc &+ UInt64(bitPattern: distance)
    let moved = (cut.moved(target) &- cut.moved(pc)) >> 2
    out.set(word & 0xfc00_0000 | moved & 0x03ff_ffff, at: at, width: 4)
  }
}

extension [UInt8] {
  fileprivate mutating func add(_ step: UInt64, at offset: Int, width: Int) {
    set(number(at: offset, width: width) &+ step, at: offset, width: width)
  }
}
