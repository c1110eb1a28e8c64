internal import Bytes

/// Finds the fields of an ELF file: version 1 of the parser.
///
/// It is a part of the patch format: the applying side must find the same fields as the making one.
/// It takes any bytes. What looks wrong adds no more fields, from there on, to what the same part
/// of the parser found; only too much work or too many fields end in none.
package struct FieldParser: ~Escapable {
  /// What a patch names this parser.
  package static let version: UInt64 = 1
  /// So many times may the file be gone over; sections that lie upon each other could ask for more.
  static let maxPasses = 8

  let bytes: RawSpan
  let image: ElfImage
  var list: FieldList
  /// Addresses that code computes: jump tables may start there.
  var tableCandidates: [UInt64] = []
  /// How many bytes may still be looked at.
  private var budget: Int

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan, _ image: ElfImage) {
    self.bytes = bytes
    self.image = image
    // Nothing has more than a field for each two bytes.
    list = FieldList(limit: bytes.byteCount / 2)
    budget = bytes.byteCount &* Self.maxPasses
  }

  /// The fields of a file, in its order, none overlapping; `nil`: it is not to be projected.
  ///
  /// - Returns: Beside the fields, how many there were before those that overlap were dropped.
  package static func parse(
    _ bytes: RawSpan, _ image: ElfImage
  ) -> (fields: [Field], found: Int)? {
    var parser = FieldParser(bytes, image)
    parser.parseAll()
    guard parser.budget >= 0, !parser.list.isOverfull else { return nil }
    let found = parser.list.found
    return (parser.list.sorted(), found)
  }

  /// Where two fields overlap, the earlier parser's is kept.
  private mutating func parseAll() {
    parseSymbolTables()
    parseSectionHeaders()
    if image.isRelocatable {
      parseSectionRelocations()
      parseBTF()
      parseChecksums()
      return parseCounters()
    }
    parseRelocations()
    parseBTF()
    parsePointers()
    parseDynamic()
    parseEhFrameHeader()
    parseEhFrame()
    if image.type == .executable { parseExecutableData() }
    switch image.machine {
    case .x86_64: parseX86Code()
    case .aarch64: parseArm64Code()
    }
    parseHash()
    parseRelativeRelocations()
    parseGNUHash()
    if image.machine == .x86_64 { parseProcedureLinkage() }
    parseJumpTables()
  }

  /// Whether a part of the parser may go on to look at so many bytes.
  mutating func spend(_ count: Int) -> Bool {
    budget &-= count
    return budget >= 0 && !list.isOverfull
  }

  /// The sections to parse that satisfy a condition, as indices.
  func sections(where condition: (ElfSection) -> Bool) -> [Int] {
    image.sections.indices.dropFirst().filter {
      !image.sections[$0].range.isEmpty && condition(image.sections[$0])
    }
  }

  /// The lowest address of a program that does not start near zero: any number that large may be an
  /// address.
  var lowestAddress: UInt64? {
    guard image.type == .executable else { return nil }
    return image.segments.all.map(\.address).filter { $0 >= 0x10000 }.min()
  }

  /// The symbols that a section's entries number, and how many there are.
  func linkedSymbols(of section: ElfSection) -> (index: Int, section: ElfSection, count: Int)? {
    let symbols = image.sections[section.link]
    guard section.link > 0, symbols.isSymbolTable else { return nil }
    return (section.link, symbols, symbols.range.count / Symbol.byteCount)
  }
}
