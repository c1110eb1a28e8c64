/// A section in whose bytes fields are looked for, and how.
struct FieldRegion: Sendable {
  /// Which part of the parser it is for.
  enum Format: Sendable {
    case symbols, relocations, btf
    case pointers, dynamic, ehFrameHeader, ehFrame
    case code, hash, gnuHash, relativeRelocations
    /// Bytes without a form: only words that relocations or addresses tell.
    case data
  }

  let format: Format
  /// Its index among the sections.
  let section: Int
  let range: Range<Int>
  /// Where its entries are: without a header, and what follows them.
  var entries: Range<Int>

  private init(_ format: Format, _ section: Int, _ range: Range<Int>) {
    self.format = format
    self.section = section
    self.range = range
    entries = range
  }

  /// The regions of a file: disjoint and in its order.
  ///
  /// Of sections that lie upon each other, the one that starts first counts, or was first.
  static func all(of image: ElfImage) -> [FieldRegion] {
    let order = image.sections.indices.dropFirst()
      .filter { !image.sections[$0].range.isEmpty }
      .sorted {
        (image.sections[$0].range.lowerBound, $0) < (image.sections[$1].range.lowerBound, $1)
      }
    var regions: [FieldRegion] = []
    var end = 0
    for index in order {
      let range = image.sections[index].range
      guard range.lowerBound >= end else { continue }
      end = range.upperBound
      if let format = format(of: image.sections[index], image) {
        regions.append(FieldRegion(format, index, range))
      }
    }
    return regions
  }

  private static func format(of section: ElfSection, _ image: ElfImage) -> Format? {
    if section.isSymbolTable { return .symbols }
    if section.type == ElfSection.Kind.relocations { return .relocations }
    if section.isNamed(".BTF") { return .btf }
    if image.isRelocatable { return nil }
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
    return section.isAllocated ? .data : nil
  }
}
