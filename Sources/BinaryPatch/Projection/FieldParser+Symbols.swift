internal import Bytes

extension FieldParser {
  /// `SHT_SYMTAB` and `SHT_DYNSYM`: names, values and lengths.
  mutating func parseSymbolTables() {
    for index in sections(where: \.isSymbolTable) {
      let section = image.sections[index]
      let strings = image.sections[section.link].range
      guard spend(section.range.count) else { return }
      for at in stride(
        from: section.range.lowerBound, through: section.range.upperBound &- Symbol.byteCount,
        by: Symbol.byteCount)
      {
        let symbol = Symbol(bytes, at: at)
        if symbol.name > 0, Int(symbol.name) < strings.count {
          list.append(
            .name, at: at, target: UInt64(strings.lowerBound) &+ UInt64(symbol.name),
            section: section.link)
        }
        parseValue(of: symbol, at: at)
      }
    }
  }

  private mutating func parseValue(of symbol: Symbol, at: Int) {
    guard symbol.isDefined, !symbol.isThreadLocal, symbol.section < image.sections.count else {
      return
    }
    var target = symbol.value
    if image.isRelocatable {
      target &+= image.sections[symbol.section].address
      list.append(.table64, at: at &+ 8, target: target, section: symbol.section)
    } else {
      list.append(.absolute64, at: at &+ 8, target: target)
    }
    if symbol.isFunction, symbol.size != 0 {
      list.append(.length64, at: at &+ 16, target: target)
    }
  }

  /// `SHT_HASH`: numbers of symbols.
  mutating func parseHash() {
    for index in sections(where: { $0.type == ElfSection.Kind.hash }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      parseSymbolNumbers(from: range.lowerBound &+ 8, to: range.upperBound, of: index)
    }
  }

  /// `.gnu.hash`: the buckets.
  mutating func parseGNUHash() {
    for index in sections(where: { $0.isNamed(".gnu.hash") }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      guard range.count >= 16 else { continue }
      let start = range.lowerBound &+ 16 &+ 8 &* Int(bytes.load32(range.lowerBound &+ 8))
      let end = start &+ 4 &* Int(bytes.load32(range.lowerBound))
      parseSymbolNumbers(from: start, to: min(end, range.upperBound), of: index)
    }
  }

  private mutating func parseSymbolNumbers(from start: Int, to end: Int, of section: Int) {
    guard let symbols = linkedSymbols(of: image.sections[section]) else { return }
    var at = start
    while at &+ 4 <= end {
      let number = Int(bytes.load32(at))
      if number != 0, number < symbols.count {
        list.append(
          .index, at: at,
          target: UInt64(symbols.section.range.lowerBound &+ number &* Symbol.byteCount),
          section: symbols.index)
      }
      at &+= 4
    }
  }
}
