/// A section in whose bytes fields are looked for, and how.
struct FieldRegion: Sendable {
  /// Which part of the parser it is for.
  enum Format: Sendable {
    case symbols, relocations, btf
    case pointers, dynamic, ehFrameHeader, ehFrame
    case code, hash, gnuHash, relativeRelocations
    /// Bytes without a form: only words that relocations or addresses tell.
    case data
    /// Of the file's header what says where the next one is, and the section header table.
    case header, sectionHeaders
    /// Of a kernel module: `__versions`, `__kcrctab`, and the names of symbols.
    case versions, checksums, names
    /// Of the kernel: places relative to themselves, and places of addresses behind the last section.
    case relativeTable, appendedRelocations
    /// Of its table of symbols.
    case symbolOffsets, symbolNumbers
  }

  let format: Format
  /// Its index among the sections; 0: it is none.
  let section: Int
  let range: Range<Int>
  /// Where its entries are: without a header, and what follows them.
  var entries: Range<Int>
  /// Of a ``Format/relativeTable``.
  let table: RelativeTable?

  private init(
    _ format: Format, _ section: Int, _ range: Range<Int>, _ table: RelativeTable?
  ) {
    self.format = format
    self.section = section
    self.range = range
    entries = range
    self.table = format == .relativeTable ? table : nil
  }

  /// The regions of a file: disjoint and in its order.
  ///
  /// Of sections that lie upon each other, the one that starts first counts, or was first.
  static func all(of image: ElfImage) -> [FieldRegion] {
    let names = Set(
      image.sections.filter { image.isRelocatable && $0.type == ElfSection.Kind.symbols }
        .map(\.link))
    var candidates = headers(of: image)
    for (index, section) in image.sections.enumerated().dropFirst() {
      let format = format(of: section, image) ?? (names.contains(index) ? .names : nil)
      candidates.append((format, index, section.range))
    }
    candidates = candidates.filter { !$0.range.isEmpty }
      .sorted { ($0.range.lowerBound, $0.section) < ($1.range.lowerBound, $1.section) }
    var regions: [FieldRegion] = []
    var end = 0
    for (format, section, range) in candidates where range.lowerBound >= end {
      end = range.upperBound
      guard let format else { continue }
      if let symbols = image.kernelSymbols, section == symbols.section {
        regions += parts(of: range, section, symbols)
        continue
      }
      regions.append(
        FieldRegion(format, section, range, .layout(of: image.sections[section])))
    }
    return regions
  }

  /// The regions of the section that has the table of symbols.
  private static func parts(
    of range: Range<Int>, _ section: Int, _ symbols: KernelSymbols
  ) -> [FieldRegion] {
    var parts: [FieldRegion] = []
    var end = range.lowerBound
    let known: [(Format?, Range<Int>)] = [
      (.symbolOffsets, symbols.offsets), (nil, symbols.names), (.symbolNumbers, symbols.numbers),
    ]
    for (format, part) in known.sorted(by: { $0.1.lowerBound < $1.1.lowerBound }) {
      if part.lowerBound > end {
        parts.append(FieldRegion(.data, section, end..<part.lowerBound, nil))
      }
      if let format { parts.append(FieldRegion(format, section, part, nil)) }
      end = part.upperBound
    }
    if range.upperBound > end {
      parts.append(FieldRegion(.data, section, end..<range.upperBound, nil))
    }
    return parts
  }

  /// What is no section but has fields.
  private static func headers(
    of image: ElfImage
  ) -> [(format: Format?, section: Int, range: Range<Int>)] {
    guard !image.sections.isEmpty else { return [] }
    let start = image.sectionTable
    let length = image.sections.count &* ElfHeader.sectionEntrySize
    let table: (Format?, Int, Range<Int>) = (.sectionHeaders, 0, start..<(start &+ length))
    // e_shoff
    if image.isRelocatable { return [(.header, 0, 40..<48), table] }
    guard image.isKernel else { return [table] }
    let end = max(image.sections.map(\.range.upperBound).max() ?? 0, table.2.upperBound)
    return [table, (.appendedRelocations, 0, end..<max(end, image.byteCount))]
  }

  private static func format(of section: ElfSection, _ image: ElfImage) -> Format? {
    if section.isSymbolTable { return .symbols }
    if section.type == ElfSection.Kind.relocations { return .relocations }
    if section.isNamed(".BTF") { return .btf }
    if section.isNamed(startingWith: "__kcrctab") { return .checksums }
    if image.isRelocatable { return section.isNamed("__versions") ? .versions : nil }
    if section.isNamed(".got.plt") || section.isNamed(".got") || section.isNamed(".init_array")
      || section.isNamed(".fini_array")
    {
      return .pointers
    }
    if section.type == ElfSection.Kind.dynamic { return .dynamic }
    if section.isNamed(".eh_frame_hdr") { return .ehFrameHeader }
    if section.isNamed(".eh_frame") { return .ehFrame }
    if section.isCode { return .code }
    if section.type == ElfSection.Kind.hash { return .hash }
    if section.type == ElfSection.Kind.relativeRelocations { return .relativeRelocations }
    if section.isNamed(".gnu.hash") { return .gnuHash }
    if RelativeTable.layout(of: section) != nil { return .relativeTable }
    return section.isAllocated ? .data : nil
  }
}
