/// Executables that lie: headers, tables and records with numbers that find mistakes.
enum HostileElf {
  static func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    guard let elf = ElfFile(bytes) else { return bytes.damaged(using: &random) }
    var out = bytes
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: change(&out, in: 16..<64, [2, 4, 8], using: &random)
      case 1: changeSegment(&out, using: &random)
      case 2, 3, 4:
        guard let section = elf.sections.randomElement(using: &random) else { break }
        change(&out, in: section.header..<section.header + 64, [4, 8], using: &random)
      case 5: copySection(&out, elf, using: &random)
      default:
        // Each section alike, so that small ones are not forgotten.
        let filled = elf.sections.filter { !$0.range.isEmpty }
        guard let section = filled.randomElement(using: &random) else { break }
        for _ in 0..<Int.random(in: 1...20, using: &random) {
          change(&out, in: section.range, [1, 1, 4, 4, 8], using: &random)
        }
      }
    }
    return out
  }

  private static func change(
    _ bytes: inout [UInt8], in range: Range<Int>, _ widths: [Int],
    using random: inout SeededGenerator
  ) {
    let width = widths.randomElement(using: &random) ?? 1
    guard range.count >= width, range.upperBound <= bytes.count else { return }
    // Records come first in a section, and their first ones decide.
    let reach = Bool.random(using: &random) ? min(range.count, 64) : range.count
    let at =
      range.lowerBound + Int.random(in: 0...(max(reach, width) - width) / width, using: &random)
      * width
    bytes.set(bytes.number(at: at, width: width).hostile(using: &random), at: at, width: width)
  }

  private static func changeSegment(
    _ bytes: inout [UInt8], using random: inout SeededGenerator
  ) {
    let table = Int(clamping: bytes.number(at: 32, width: 8))
    let count = Int(bytes.number(at: 56, width: 2))
    guard count > 0, table < bytes.count else { return }
    let end = min(bytes.count, table + count * 56)
    change(&bytes, in: table..<end, [4, 8], using: &random)
  }

  /// The header of one section in the place of another: sections over the same bytes, of other types.
  private static func copySection(
    _ bytes: inout [UInt8], _ elf: ElfFile, using random: inout SeededGenerator
  ) {
    guard let one = elf.sections.randomElement(using: &random),
      let other = elf.sections.randomElement(using: &random)
    else { return }
    let fields = Bool.random(using: &random) ? 4..<64 : 16..<40
    for field in fields { bytes[other.header + field] = bytes[one.header + field] }
  }
}
