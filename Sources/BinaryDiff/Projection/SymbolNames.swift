internal import BinaryPatch
internal import Bytes

/// Tokens for the names of symbols, and for the places that relocations name symbols for.
struct SymbolNames {
  static let longestName = 4096

  /// By address of the relocated place.
  private(set) var places: [UInt64: UInt32] = [:]
  /// The place in a section that a relocation of a relocatable file really means.
  private(set) var meant: [UInt64: UInt64] = [:]

  init(_ bytes: RawSpan, _ image: ElfImage) {
    for section in image.sections
    where section.type == ElfSection.Kind.relocations && section.link > 0 {
      let symbols = image.sections[section.link]
      guard symbols.isSymbolTable else { continue }
      for at in stride(
        from: section.range.lowerBound,
        through: section.range.upperBound &- Relocation.byteCount, by: Relocation.byteCount)
      {
        let relocation = Relocation(bytes, at: at)
        let start = relocation.symbol &* Symbol.byteCount
        guard relocation.symbol > 0, start &+ Symbol.byteCount <= symbols.range.count else {
          continue
        }
        let symbol = symbols.range.lowerBound &+ start
        if image.isRelocatable {
          add(relocation, symbol, image.sections[section.info], bytes, image, symbols)
        } else {
          places[relocation.offset] = Self.token(ofSymbolAt: symbol, of: symbols, bytes, image)
        }
      }
    }
  }

  private mutating func add(
    _ relocation: Relocation, _ at: Int, _ relocated: ElfSection, _ bytes: RawSpan,
    _ image: ElfImage, _ symbols: ElfSection
  ) {
    let place = relocated.address &+ relocation.offset
    let token = Self.token(ofSymbolAt: at, of: symbols, bytes, image)
    let symbol = Symbol(bytes, at: at)
    guard symbol.isSection, symbol.section < image.sections.count else {
      places[place] = (token ^ UInt32(truncatingIfNeeded: relocation.addend) &* 77) | 1
      return
    }
    places[place] = token
    meant[place] =
      image.sections[symbol.section].address &+ relocation.addend
      &+ (relocated.isExecutable ? 4 : 0)
  }

  /// The token of the symbol that a checksum of a kernel (`__kcrctab`) is of; 0 when that is not told
  /// without relocations.
  func token(ofChecksumAt at: Int, _ bytes: RawSpan, _ image: ElfImage) -> UInt32 {
    guard !image.isRelocatable, let section = image.section(atOffset: UInt64(at)),
      let symbols = image.section(
        named: image.sections[section].isNamed("__kcrctab") ? "__ksymtab" : "__ksymtab_gpl")
    else { return 0 }
    // struct kernel_symbol: the second of three words is where the name is, from itself on.
    let record = (at &- image.sections[section].range.lowerBound) / 4 &* 12
    let table = image.sections[symbols]
    guard record &+ 12 <= table.range.count else { return 0 }
    let place = table.range.lowerBound &+ record &+ 4
    let address = table.address(ofOffset: place) &+ bytes.loadSigned32(place)
    guard let offset = Int(exactly: image.segments.offset(ofAddress: address)),
      offset < bytes.byteCount
    else { return 0 }
    return Token.name(
      bytes.string(at: offset, in: 0..<bytes.byteCount, atMost: Self.longestName))
  }

  /// The token of a symbol's name; of its section's when it stands for one.
  static func token(
    ofSymbolAt at: Int, of table: ElfSection, _ bytes: RawSpan, _ image: ElfImage
  ) -> UInt32 {
    let symbol = Symbol(bytes, at: at)
    if image.isRelocatable, symbol.isSection, symbol.section < image.sections.count {
      return Token.name(image.sections[symbol.section].name)
    }
    var name = bytes.string(
      at: Int(symbol.name), in: image.sections[table.link].range, atMost: longestName)
    // These end with a count of the compiler, which means nothing.
    if name.starts(with: "__UNIQUE_ID_".utf8) { name.removeAll { (0x30...0x39).contains($0) } }
    return Token.name(name)
  }
}
