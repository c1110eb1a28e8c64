internal import Bytes

/// What of an old file must be known before the fields of any window of it can be found: made by
/// one pass over the file.
///
/// It has two bits to eight bytes of the file at worst, and a few bytes for each window.
package struct FieldIndex: Sendable {
  /// More common information entries of `.eh_frame` are not understood.
  static let maxCommonEntries = 4096
  /// More symbols that stand for sections are not known as such.
  static let maxSectionSymbols = 0xff00

  /// An entry of `.eh_frame` that others refer to.
  struct CommonEntry: Sendable {
    let start: Int
    /// Whether those that do have an LSDA pointer.
    let hasLSDA: Bool
  }

  package let image: ElfImage
  /// How many bytes a window has.
  let windowSize: Int
  var regions: [FieldRegion]
  /// For each window, where the region that has the byte `FieldWindow.reach` before it goes on: at
  /// an instruction, a record; in a region with tables, where the one that goes on began.
  private var resumePoints: [UInt32]
  /// The same for the types of BTF: what is left of one.
  private var restsOfTypes: [UInt64]
  /// Words that a relocation fills with an address: each eight bytes of the file.
  var relocated = BitSet(count: 0)
  /// Where in ``tables`` code takes an address: each four bytes.
  private var tableStarts = BitSet(count: 0)
  /// The region of `.rodata`: its place among ``regions``.
  let tables: Int?
  var commonEntries: [CommonEntry] = []
  /// Symbols of ``symbolTable`` that stand for sections: number and section, by number.
  var sectionSymbols: [(number: UInt32, section: UInt16)] = []
  /// The symbol table of a relocatable file: the first.
  let symbolTable: Int?
  /// The section that `.plt` pushes indices of.
  let linkageRelocations: Int?
  /// The lowest address of a program that does not start near zero: any number that large may be
  /// an address.
  var lowestAddress: UInt64? { image.lowestAddress }

  /// The index of a file before anything is known.
  init(_ image: ElfImage, windowSize: Int) {
    self.image = image
    self.windowSize = windowSize
    let regions = FieldRegion.all(of: image)
    self.regions = regions
    let windows = image.byteCount / windowSize &+ 2
    resumePoints = [UInt32](repeating: 0, count: windows)
    let hasTypes = regions.contains { $0.format == .btf }
    restsOfTypes = hasTypes ? [UInt64](repeating: 0, count: windows) : []
    // A kernel's have addresses.
    tables = regions.firstIndex {
      !image.isKernel && $0.format == .data && image.machine == .x86_64
        && image.sections[$0.section].isNamed(".rodata")
    }
    if let tables { tableStarts = BitSet(count: regions[tables].range.count / 4 &+ 2) }
    if regions.contains(where: { $0.format == .relocations || $0.format == .relativeRelocations }),
      !image.isRelocatable
    {
      relocated = BitSet(count: image.byteCount / 8)
    }
    symbolTable =
      image.isRelocatable
      ? regions.first { image.sections[$0.section].type == ElfSection.Kind.symbols }?.section : nil
    linkageRelocations = image.machine == .x86_64 ? image.section(named: ".rela.plt") : nil
  }

  /// Whether this section's pushes are of numbers of relocations.
  func isLinkage(_ section: ElfSection) -> Bool {
    linkageRelocations != nil && section.isNamed(".plt")
  }

  /// Where a region goes on that has the byte before a window.
  func resumePoint(of window: Int) -> Int { Int(resumePoints[window]) }
  func restOfType(of window: Int) -> UInt64 { restsOfTypes[window] }

  /// Remembers for each window from `first` on where a region goes on, until one that `position`
  /// does not reach. Gives that one.
  mutating func setResumePoint(
    _ point: Int, fromWindow first: Int, reached position: Int, rest: UInt64 = 0
  ) -> Int {
    var window = first
    while window < resumePoints.count, window &* windowSize &- FieldWindow.reach <= position {
      resumePoints[window] = UInt32(truncatingIfNeeded: point)
      if !restsOfTypes.isEmpty { restsOfTypes[window] = rest }
      window &+= 1
    }
    return window
  }

  /// Code takes this address: a table may start there.
  @inline(__always)
  mutating func noteTable(at address: UInt64) {
    guard let tables else { return }
    let region = regions[tables]
    let into = address &- image.sections[region.section].address
    guard into < UInt64(region.range.count), image.section(at: address) == region.section else {
      return
    }
    let offset = region.range.lowerBound &+ Int(into)
    guard offset & 3 == 0 else { return }
    tableStarts.insert(offset / 4 &- region.range.lowerBound / 4)
  }

  /// Whether code takes the address of the byte at an offset in ``tables``, a multiple of four.
  @inline(__always)
  func isTableStart(_ offset: Int, in region: FieldRegion) -> Bool {
    tableStarts.contains(offset / 4 &- region.range.lowerBound / 4)
  }

  /// The next such offset; the region's end, or a little more, when there is none.
  func nextTableStart(from offset: Int, in region: FieldRegion) -> Int {
    let first = region.range.lowerBound / 4
    let end = region.range.upperBound / 4 &- first &+ 1
    return 4 &* (tableStarts.next(from: offset / 4 &- first, to: end) &+ first)
  }

  /// The common entry of `.eh_frame` that starts at an offset.
  func commonEntry(at start: Int) -> CommonEntry? {
    let index = commonEntries.span.partitionPoint { $0.start < start }
    guard index < commonEntries.count, commonEntries[index].start == start else { return nil }
    return commonEntries[index]
  }

  /// The section that a symbol of ``symbolTable`` stands for.
  func section(ofSymbol number: Int) -> Int? {
    let symbols = sectionSymbols.span
    let index = symbols.partitionPoint { Int($0.number) < number }
    guard index < symbols.count, Int(symbols[index].number) == number else { return nil }
    return Int(symbols[index].section)
  }

  /// The symbols that a section's entries number, and how many there are.
  func linkedSymbols(of section: ElfSection) -> (index: Int, section: ElfSection, count: Int)? {
    let symbols = image.sections[section.link]
    guard section.link > 0, symbols.isSymbolTable else { return nil }
    return (section.link, symbols, symbols.range.count / Symbol.byteCount)
  }
}
