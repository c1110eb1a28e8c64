internal import Bytes

extension FieldParser {
  /// `.BTF`: numbers of types, and offsets into its strings.
  mutating func parseBTF(_ region: FieldRegion, _ window: Int) {
    var at = start(region, window)
    var rest =
      at == region.entries.lowerBound
      ? RestOfType() : RestOfType(packed: index.restOfType(of: window))
    let limit = min(list.window.upperBound, region.entries.upperBound)
    while at < limit {
      let next = rest.step(view, at: at, to: region.entries.upperBound) { domain, place in
        let number = UInt64(view.load32(place))
        guard number != 0 else { return }
        list.append(.btf, at: place, target: number, adjustment: domain == .name ? 0 : 1)
      }
      guard let next else { return }
      at = next
    }
  }

  /// `.eh_frame`: the pointers in its records.
  mutating func parseEhFrame(_ region: FieldRegion, _ window: Int) {
    let section = index.image.sections[region.section]
    var at = start(region, window)
    let limit = min(list.window.upperBound, region.entries.upperBound)
    while at < limit {
      guard let record = EhFrameRecord(view, at: at, to: region.range.upperBound) else { return }
      if record.isCommon {
        _ = record.parseCommon(view) { appendRelative(at: $0, in: section) }
      } else if let common = index.commonEntry(at: at &+ 4 &- record.distance) {
        parseDescription(record, common, section)
      }
      at = record.end
    }
  }

  /// A frame description entry.
  private mutating func parseDescription(
    _ record: EhFrameRecord, _ common: FieldIndex.CommonEntry, _ section: ElfSection
  ) {
    let at = record.start
    guard record.end &- at >= 16 else { return }
    list.append(.cie, at: at &+ 4, target: section.address(ofOffset: common.start))
    appendRelative(at: at &+ 8, in: section)
    let function = section.address(ofOffset: at &+ 8) &+ view.loadSigned32(at &+ 8)
    if view.load32(at &+ 12) != 0 { list.append(.length32, at: at &+ 12, target: function) }
    if common.hasLSDA, record.end &- at >= 21, view.load32(at &+ 17) != 0 {
      appendRelative(at: at &+ 17, in: section)
    }
  }
}
