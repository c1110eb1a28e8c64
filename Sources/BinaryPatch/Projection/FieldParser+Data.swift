internal import Bytes

extension FieldParser {
  /// Bytes without a form: words that relocations fill, words of a program with fixed addresses that
  /// look like one, and the tables of a `switch` in `.rodata`.
  mutating func parseData(_ region: FieldRegion, _ number: Int, _ window: Int) {
    let section = index.image.sections[region.section]
    let looksForAddresses =
      section.type == ElfSection.Kind.programBits && !section.isExecutable
      && !section.isNamed(startingWith: ".eh")
    let lowest = looksForAddresses ? index.lowestAddress : nil
    if number == index.tables {
      parseTables(region, window, lowest)
    } else if let lowest {
      let isKernel = index.image.isKernel && Self.hasRelativeWords(section)
      for at in words(region) {
        if isAddress(at, region, lowest) {
          appendWord(at)
        } else if isKernel {
          appendRelativeWords(at, region)
        }
      }
    } else {
      parseRelocatedWords(region)
    }
  }

  private mutating func parseRelocatedWords(_ region: FieldRegion) {
    let end = min(list.window.upperBound, region.range.upperBound &- 7) &+ 7
    var at = max(list.window.lowerBound, region.range.lowerBound &+ 7) / 8
    while true {
      at = index.relocated.next(from: at, to: end / 8)
      guard at < end / 8 else { return }
      if isAddress(at &* 8, region, nil) { appendWord(at &* 8) }
      at &+= 1
    }
  }

  /// The eight bytes at the multiples of eight in the window that are in a region.
  private func words(_ region: FieldRegion) -> StrideTo<Int> {
    stride(
      from: (max(list.window.lowerBound, region.range.lowerBound) &+ 7) & ~7,
      to: min(list.window.upperBound, region.range.upperBound &- 7), by: 8)
  }

  /// Whether eight bytes, which must be in the region, are an address.
  private func isAddress(_ at: Int, _ region: FieldRegion, _ lowest: UInt64?) -> Bool {
    let word = view.load64(at)
    if let lowest, word >= lowest, index.image.section(at: word) != nil { return true }
    return index.relocated.contains(at / 8) && word != 0 && index.image.segments.contains(word)
  }

  private mutating func appendWord(_ at: Int) {
    list.append(.absolute64, at: at, target: view.load64(at))
  }

  private mutating func parseTables(_ region: FieldRegion, _ window: Int, _ lowest: UInt64?) {
    let before = list.window.lowerBound &- FieldWindow.reach
    let resumePoint = region.range.lowerBound < before ? index.resumePoint(of: window) : 0
    var table = JumpTable(resumePoint: resumePoint, in: region, index)
    var at = max(before, region.range.lowerBound) & ~7
    let end = min(list.window.upperBound, region.range.upperBound)
    while at < end {
      let isWord =
        at >= region.range.lowerBound && at &+ 8 <= region.range.upperBound
        && isAddress(at, region, lowest)
      if isWord { appendWord(at) }
      for half in [at, at &+ 4] where half >= region.range.lowerBound {
        let target = table.step(view, at: half, region, index)
        if let target, !isWord { list.append(.table32, at: half, target: target) }
      }
      at &+= 8
    }
  }
}
