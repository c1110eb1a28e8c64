internal import Bytes

/// Finds the fields of a window of an ELF file: version 1 of the parser.
///
/// It is a part of the patch format: the applying side must find the same fields as the making one.
/// It takes any bytes. What looks wrong has no fields, or ends those of its section.
package struct FieldParser: ~Escapable {
  /// What a patch names this parser.
  package static let version: UInt64 = 1

  let view: WindowView
  let index: FieldIndex
  var list: FieldList

  @_lifetime(copy view)
  private init(_ view: WindowView, _ index: FieldIndex, _ list: consuming FieldList) {
    self.view = view
    self.index = index
    self.list = list
  }

  /// The fields that start in a window, in the order of the file, none overlapping.
  ///
  /// - Parameters:
  ///   - view: The bytes of ``FieldIndex/range(around:)``.
  ///   - storage: An array whose memory is used again.
  static func parse(
    _ view: WindowView, window: Int, _ index: FieldIndex, storage: consuming [Field]
  ) -> [Field] {
    let start = window &* index.windowSize
    let range = start..<min(start &+ index.windowSize, max(index.image.byteCount, start))
    let list = FieldList(window: range, storage: storage)
    var parser = FieldParser(view, index, list)
    parser.parseRegions(window)
    return parser.list.fields
  }

  private mutating func parseRegions(_ window: Int) {
    let before = list.window.lowerBound &- FieldWindow.reach
    var number = index.firstRegion(endingAfter: before)
    while number < index.regions.count,
      index.regions[number].range.lowerBound < list.window.upperBound
    {
      let region = index.regions[number]
      if region.format == .ehFrameHeader { parsePointer(of: region) }
      if region.entries.upperBound > before, region.entries.lowerBound < list.window.upperBound {
        parse(region, number, window)
      }
      number &+= 1
    }
  }

  private mutating func parse(_ region: FieldRegion, _ number: Int, _ window: Int) {
    switch region.format {
    case .symbols: parseSymbols(region)
    case .relocations where index.image.isRelocatable: parseSectionRelocations(region)
    case .relocations: parseRelocations(region)
    case .btf: parseBTF(region, window)
    case .pointers: parsePointers(region)
    case .dynamic: parseDynamic(region)
    case .ehFrameHeader: parseEhFrameHeader(region)
    case .ehFrame: parseEhFrame(region, window)
    case .code:
      switch index.image.machine {
      case .x86_64: parseX86Code(region, window)
      case .aarch64: parseArm64Code(region)
      }
    case .hash, .gnuHash: parseSymbolNumbers(region)
    case .relativeRelocations: parseRelativeRelocations(region)
    case .data: parseData(region, number, window)
    case .header: parseHeader(region)
    case .sectionHeaders: parseSectionHeaders(region)
    case .versions: parseChecksums(region, each: 64)
    case .checksums: parseChecksums(region, each: 4)
    case .names: parseCounters(region)
    case .relativeTable: if let table = region.table { parseRelativeTable(region, table) }
    case .symbolOffsets: parseSymbolOffsets(region)
    case .symbolNumbers: parseSymbolNumbers24(region)
    case .appendedRelocations: parseAppendedRelocations(region)
    }
  }

  /// The places of a region's records, of `size` bytes each, that may have fields in the window.
  func places(_ region: FieldRegion, size: Int) -> StrideTo<Int> {
    let start = region.entries.lowerBound
    let skipped = max(list.window.lowerBound &- FieldWindow.reach &- start, 0) / size
    // Of those that are whole.
    let end = min(region.entries.upperBound &- size &+ 1, list.window.upperBound)
    return stride(from: start &+ skipped &* size, to: end, by: size)
  }

  /// Where a region that must be read in order goes on for the window.
  func start(_ region: FieldRegion, _ window: Int) -> Int {
    let before = list.window.lowerBound &- FieldWindow.reach
    return region.entries.lowerBound >= before
      ? region.entries.lowerBound : index.resumePoint(of: window)
  }

  mutating func appendRelative(at: Int, in section: ElfSection) {
    list.append(
      .relative, at: at, target: section.address(ofOffset: at) &+ view.loadSigned32(at))
  }
}

extension FieldIndex {
  /// The first region that does not end before an offset.
  func firstRegion(endingAfter offset: Int) -> Int {
    regions.span.partitionPoint { $0.range.upperBound <= offset }
  }
}

extension FieldParser {
  /// The fields of a whole file in memory.
  package static func parse(_ bytes: RawSpan, _ image: ElfImage) -> [Field]? {
    FieldScanner(bytes, image)?.all(bytes)
  }

  /// The same by windows.
  ///
  /// - Parameter windowSize: A multiple of 64. The fields do not depend on it.
  package static func parse(
    _ bytes: RawSpan, _ image: ElfImage, windowSize: Int
  ) -> [[Field]]? {
    guard let scanner = FieldScanner(bytes, image, windowSize: windowSize) else { return nil }
    return (0..<scanner.windowCount).map { scanner.fields(of: $0, bytes) }
  }
}
