internal import Bytes

extension FieldParser {
  /// Words of the global offset table and of the lists of initializers that are addresses.
  mutating func parsePointers(_ region: FieldRegion) {
    for at in places(region, size: 8) {
      let word = view.load64(at)
      if word != 0, index.image.segments.contains(word) {
        list.append(.absolute64, at: at, target: word)
      }
    }
  }

  /// `SHT_DYNAMIC`: values that are addresses.
  mutating func parseDynamic(_ region: FieldRegion) {
    for at in places(region, size: 16) {
      let value = view.load64(at &+ 8)
      guard value > 0x1000, index.image.segments.contains(value) else { continue }
      switch view.load64(at) {
      // DT_STRSZ, DT_RELASZ, DT_RELACOUNT, DT_PLTRELSZ, DT_FLAGS_1: numbers that may look like one.
      case 10, 8, 0x6fff_fff9, 2, 0x6fff_fffb: break
      default: list.append(.absolute64, at: at &+ 8, target: value)
      }
    }
  }

  /// The pointer of `.eh_frame_hdr` to `.eh_frame`.
  mutating func parsePointer(of region: FieldRegion) {
    let at = region.range.lowerBound &+ 4
    guard !region.entries.isEmpty, list.window.contains(at) else { return }
    appendRelative(at: at, in: index.image.sections[region.section])
  }

  /// The binary search table of `.eh_frame_hdr`.
  mutating func parseEhFrameHeader(_ region: FieldRegion) {
    let address = index.image.sections[region.section].address
    for at in places(region, size: 4) {
      list.append(
        .table32, at: at, target: address &+ view.loadSigned32(at), section: region.section)
    }
  }
}
