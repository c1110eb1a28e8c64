internal import Bytes

extension FieldParser {
  /// `SHT_SYMTAB` and `SHT_DYNSYM`: names, values and lengths.
  mutating func parseSymbols(_ region: FieldRegion) {
    let section = index.image.sections[region.section]
    let strings = index.image.sections[section.link].range
    for at in places(region, size: Symbol.byteCount) {
      let symbol = Symbol(view.bytes, at: at &- view.base)
      if symbol.name > 0, Int(symbol.name) < strings.count {
        list.append(
          .name, at: at, target: UInt64(strings.lowerBound) &+ UInt64(symbol.name),
          section: section.link)
      }
      parseValue(of: symbol, at: at)
    }
  }

  private mutating func parseValue(of symbol: Symbol, at: Int) {
    let image = index.image
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

  /// `SHT_HASH`, and the buckets of `.gnu.hash`: numbers of symbols.
  mutating func parseSymbolNumbers(_ region: FieldRegion) {
    guard let symbols = index.linkedSymbols(of: index.image.sections[region.section]) else {
      return
    }
    for at in places(region, size: 4) {
      let number = Int(view.load32(at))
      if number != 0, number < symbols.count {
        list.append(
          .index, at: at,
          target: UInt64(symbols.section.range.lowerBound &+ number &* Symbol.byteCount),
          section: symbols.index)
      }
    }
  }
}
