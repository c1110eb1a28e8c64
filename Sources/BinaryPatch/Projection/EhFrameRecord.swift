internal import Bytes

/// A record of `.eh_frame`: a common information entry, or the description of a function's frame.
struct EhFrameRecord {
  /// What of a record is looked at: of its first bytes only.
  static let longestHead = 64

  let start: Int
  let end: Int
  /// From its id back to the common entry; 0: it is one.
  let distance: Int

  var isCommon: Bool { distance == 0 }

  /// - Returns: `nil` at the end of the records.
  init?(_ view: borrowing WindowView, at: Int, to end: Int) {
    guard at &+ 8 <= end else { return nil }
    let length = Int(view.load32(at))
    // The end; and 0xffffffff, which a 64-bit length would follow, is too long.
    guard length >= 4, length <= end &- at &- 4 else { return nil }
    start = at
    self.end = at &+ 4 &+ length
    distance = Int(view.load32(at &+ 4))
  }

  /// Reads a common information entry: says whether those that use it have an LSDA pointer, `nil`:
  /// not understood.
  ///
  /// - Parameter personality: Called with the place of the pointer to that routine.
  func parseCommon(_ view: borrowing WindowView, _ personality: (Int) -> Void) -> Bool? {
    let head = min(end, start &+ Self.longestHead)
    let from = min(start &+ 9, head)
    var cursor = ByteCursor(
      view.bytes.extracting((from &- view.base)..<(head &- view.base)))
    var letters: [8 of UInt8] = .init(repeating: 0)
    var count = 0
    while true {
      guard let letter = cursor.read(UInt8.self), count < 8 else { return nil }
      if letter == 0 { break }
      letters[count] = letter
      count &+= 1
    }
    // Code and data alignment; the return register; the length of what the letters say.
    guard letters[0] == UInt8(ascii: "z"), cursor.skipLEB128(), cursor.skipLEB128(),
      cursor.skipLEB128(), cursor.skipLEB128()
    else { return nil }
    var hasLSDA = false
    var isRelative = false
    for index in 1..<max(count, 1) {
      switch letters[index] {
      case UInt8(ascii: "R"), UInt8(ascii: "L"):
        guard let encoding = cursor.read(UInt8.self) else { return nil }
        // DW_EH_PE_pcrel | DW_EH_PE_sdata4
        if letters[index] == UInt8(ascii: "R") { isRelative = encoding == 0x1b }
        if letters[index] == UInt8(ascii: "L") { hasLSDA = encoding == 0x1b }
      case UInt8(ascii: "P"):
        guard let encoding = cursor.read(UInt8.self), encoding & 0x7f == 0x1b else { return nil }
        let at = from &+ cursor.offset
        guard cursor.read(UInt32.self) != nil else { return nil }
        personality(at)
      case UInt8(ascii: "S"), UInt8(ascii: "B"): break
      default: return nil
      }
    }
    return isRelative ? hasLSDA : nil
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

extension FieldRegion {
  /// Where its entries are, by its first 24 bytes, or all that it has.
  func entries(header: RawSpan) -> Range<Int> {
    let empty = range.upperBound..<range.upperBound
    switch format {
    case .btf:
      // struct btf_header; offsets count from its end.
      guard header.byteCount >= 24, header.load16(0) == 0xeb9f else { return empty }
      return entries(
        from: Int(header.load32(4)) &+ Int(header.load32(8)), count: Int(header.load32(12)))
    case .ehFrameHeader:
      // Version 1; the pointer is relative, the count plain, the table relative to the section.
      guard header.byteCount >= 12, header.load32(0) == 0x3b03_1b01 else { return empty }
      return entries(from: 12, count: 8 &* Int(header.load32(8)))
    case .hash: return entries(from: 8, count: range.count)
    case .gnuHash:
      guard header.byteCount >= 16 else { return empty }
      return entries(from: 16 &+ 8 &* Int(header.load32(8)), count: 4 &* Int(header.load32(0)))
    default: return range
    }
  }

  private func entries(from start: Int, count: Int) -> Range<Int> {
    let lower = min(range.lowerBound &+ start, range.upperBound)
    return lower..<min(lower &+ count, range.upperBound)
  }
}
