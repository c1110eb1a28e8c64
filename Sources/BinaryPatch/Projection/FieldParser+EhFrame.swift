internal import Bytes

extension FieldParser {
  /// The binary search table of `.eh_frame_hdr`.
  mutating func parseEhFrameHeader() {
    for index in sections(where: { $0.isNamed(".eh_frame_hdr") }) {
      let section = image.sections[index]
      let range = section.range
      guard spend(range.count) else { return }
      // Version 1; the pointer is relative, the count plain, the table relative to the section.
      guard range.count >= 12, bytes.load32(range.lowerBound) == 0x3b03_1b01 else { continue }
      appendRelative(at: range.lowerBound &+ 4, in: section)
      let words = 2 &* Int(bytes.load32(range.lowerBound &+ 8))
      var at = range.lowerBound &+ 12
      let end = min(range.upperBound, at &+ 4 &* words)
      while at &+ 4 <= end {
        list.append(
          .table32, at: at, target: section.address &+ bytes.loadSigned32(at), section: index)
        at &+= 4
      }
    }
  }

  /// `.eh_frame`: the pointers in its records.
  mutating func parseEhFrame() {
    for index in sections(where: { $0.isNamed(".eh_frame") }) {
      let section = image.sections[index]
      guard spend(section.range.count) else { return }
      parseRecords(of: section)
    }
  }

  private mutating func parseRecords(of section: ElfSection) {
    // Common information entries by their place, in ascending order.
    var common: [(start: Int, hasLSDA: Bool)] = []
    var at = section.range.lowerBound
    let end = section.range.upperBound
    while at &+ 8 <= end {
      let length = Int(bytes.load32(at))
      // The end; and 0xffffffff, which a 64-bit length would follow, is too long.
      guard length >= 4, length <= end &- at &- 4 else { return }
      let next = at &+ 4 &+ length
      let distance = Int(bytes.load32(at &+ 4))
      if distance == 0 {
        if let hasLSDA = parseCommon(at: at, end: next, section) { common.append((at, hasLSDA)) }
      } else if let found = Self.find(at &+ 4 &- distance, in: common) {
        parseDescription(at: at, end: next, common[found], section)
      }
      at = next
    }
  }

  private static func find(_ start: Int, in common: [(start: Int, hasLSDA: Bool)]) -> Int? {
    var low = 0
    var high = common.count
    while low < high {
      let middle = (low &+ high) / 2
      if common[middle].start < start { low = middle &+ 1 } else { high = middle }
    }
    return low < common.count && common[low].start == start ? low : nil
  }

  /// A common information entry; says whether those that use it have an LSDA pointer, `nil`: not
  /// understood.
  private mutating func parseCommon(at start: Int, end: Int, _ section: ElfSection) -> Bool? {
    var cursor = ByteCursor(bytes.extracting((start &+ 9)..<max(end, start &+ 9)))
    var letters: [UInt8] = []
    while true {
      guard let letter = cursor.read(UInt8.self), letters.count < 8 else { return nil }
      if letter == 0 { break }
      letters.append(letter)
    }
    // Code and data alignment; the return register; the length of what the letters say.
    guard letters.first == UInt8(ascii: "z"), cursor.skipLEB128(), cursor.skipLEB128(),
      cursor.skipLEB128(), cursor.skipLEB128()
    else { return nil }
    var hasLSDA = false
    var isRelative = false
    for letter in letters.dropFirst() {
      switch letter {
      case UInt8(ascii: "R"), UInt8(ascii: "L"):
        guard let encoding = cursor.read(UInt8.self) else { return nil }
        // DW_EH_PE_pcrel | DW_EH_PE_sdata4
        if letter == UInt8(ascii: "R") { isRelative = encoding == 0x1b }
        if letter == UInt8(ascii: "L") { hasLSDA = encoding == 0x1b }
      case UInt8(ascii: "P"):
        guard let encoding = cursor.read(UInt8.self), encoding & 0x7f == 0x1b else { return nil }
        let at = start &+ 9 &+ cursor.offset
        guard cursor.read(UInt32.self) != nil else { return nil }
        appendRelative(at: at, in: section)
      case UInt8(ascii: "S"), UInt8(ascii: "B"): break
      default: return nil
      }
    }
    return isRelative ? hasLSDA : nil
  }

  /// A frame description entry.
  private mutating func parseDescription(
    at start: Int, end: Int, _ common: (start: Int, hasLSDA: Bool), _ section: ElfSection
  ) {
    guard end &- start >= 16 else { return }
    list.append(.cie, at: start &+ 4, target: section.address(ofOffset: common.start))
    appendRelative(at: start &+ 8, in: section)
    let function = section.address(ofOffset: start &+ 8) &+ bytes.loadSigned32(start &+ 8)
    if bytes.load32(start &+ 12) != 0 {
      list.append(.length32, at: start &+ 12, target: function)
    }
    if common.hasLSDA, end &- start >= 21, bytes.load32(start &+ 17) != 0 {
      appendRelative(at: start &+ 17, in: section)
    }
  }

  private mutating func appendRelative(at: Int, in section: ElfSection) {
    list.append(
      .relative, at: at, target: section.address(ofOffset: at) &+ bytes.loadSigned32(at))
  }
}

extension ByteCursor {
  /// Skips a LEB128 number of any length and form; `false`: it does not end.
  fileprivate mutating func skipLEB128() -> Bool {
    while let byte = read(UInt8.self) {
      if byte < 0x80 { return true }
    }
    return false
  }
}
