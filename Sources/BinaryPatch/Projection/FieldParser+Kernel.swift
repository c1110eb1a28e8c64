internal import Bytes

extension FieldParser {
  /// Tables of the kernel in sections of their own.
  mutating func parseRelativeTable(_ region: FieldRegion, _ table: RelativeTable) {
    let section = index.image.sections[region.section]
    for record in places(region, size: table.stride) {
      for place in table.places {
        let at = record &+ place
        // Zero: there is nothing.
        guard view.load32(at) != 0,
          index.image.section(at: section.address(ofOffset: at) &+ view.loadSigned32(at)) != nil
        else { continue }
        appendRelative(at: at, in: section)
      }
    }
  }

  /// What the kernel appends to itself (`vmlinux.relocs`): the places of addresses that must be
  /// changed when it is loaded elsewhere, 32 bits of each.
  mutating func parseAppendedRelocations(_ region: FieldRegion) {
    for at in places(region, size: 4) {
      let target = view.loadSigned32(at)
      if target != 0, index.image.section(at: target) != nil {
        list.append(.absolute32, at: at, target: target)
      }
    }
  }
}
