internal import Bytes

/// Looks for the table of symbols in a kernel's read-only data, where nothing says where it is.
///
/// The index of tokens is told by its form; what is before it, or behind, follows from the number of
/// symbols, and all marks among the names must be right.
struct KernelSymbolsFinder {
  /// So many places are looked at which only seem to be an index.
  private static let mostCandidates = 16
  /// For numbers that only seem to be that of symbols, so many times the range is read.
  private static let mostPasses = 16
  /// What reading a few bytes counts.
  private static let leastWork = 4096
  private static let windowSize = 32 << 10
  private static let indexSize = 2 &* NameTokens.count

  /// Where the parts are if there are so many symbols.
  private struct Layout {
    let count: Int
    let names: Range<Int>
    let markers: Range<Int>
    let offsets: Range<Int>
    let base: Int
    let numbers: Range<Int>
  }

  private let section: Int
  private let range: Range<Int>
  private var buffer: [UInt8] = []

  /// The table in a section, which is a range of old, of which only what is at multiples of eight is looked at.
  static func find<Old: OldBytes & ~Copyable>(
    _ section: Int, _ range: Range<Int>, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> KernelSymbols? {
    var finder = KernelSymbolsFinder(section: section, range: range)
    guard let (tokens, table) = try finder.findTokens(&old) else { return nil }
    return try finder.findCount(tokens, table, &old)
  }

  private init(section: Int, range: Range<Int>) {
    self.section = section
    self.range = ((range.lowerBound &+ 7) & ~7)..<max(range.upperBound, range.lowerBound &+ 7)
  }

  /// The tokens, and where their table and its index are.
  private mutating func findTokens<Old: OldBytes & ~Copyable>(
    _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> (tokens: NameTokens, range: Range<Int>)? {
    var candidates = 0
    var at = range.lowerBound
    while at &+ Self.indexSize <= range.upperBound, candidates < Self.mostCandidates {
      let window = at..<min(at &+ Self.windowSize &+ Self.indexSize, range.upperBound)
      try old.load(window, into: &buffer)
      var places: [Int] = []
      Self.appendIndices(buffer.rawSpan, to: &places)
      for place in places where candidates < Self.mostCandidates {
        candidates &+= 1
        if let found = try readTokens(at: window.lowerBound &+ place, &old) { return found }
      }
      at &+= Self.windowSize
    }
    return nil
  }

  private static func appendIndices(_ bytes: RawSpan, to places: inout [Int]) {
    let end = min(windowSize, bytes.byteCount &- indexSize &+ 1)
    for at in stride(from: 0, to: end, by: 8) where NameTokens.isIndex(bytes, at: at) {
      places.append(at)
    }
  }

  private mutating func readTokens<Old: OldBytes & ~Copyable>(
    at index: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> (tokens: NameTokens, range: Range<Int>)? {
    let end = index &+ Self.indexSize
    var around: [UInt8] = []
    try old.load((end &- 2)..<end, into: &around)
    let last = Int(around.rawSpan.load16(0))
    let start = max(index &- NameTokens.mostBytes(last: last), range.lowerBound)
    try old.load(start..<end, into: &around)
    guard let (tokens, byteCount) = NameTokens.read(around.rawSpan) else { return nil }
    return (tokens, (index &- byteCount)..<end)
  }

  /// Tries every number before the table of tokens that may be that of symbols.
  private mutating func findCount<Old: OldBytes & ~Copyable>(
    _ tokens: NameTokens, _ table: Range<Int>, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> KernelSymbols? {
    var workLeft = Self.mostPasses &* range.count
    var at = range.lowerBound
    while at &+ 8 <= table.lowerBound {
      let window = at..<min(at &+ Self.windowSize, table.lowerBound)
      try old.load(window, into: &buffer)
      var found: [Layout] = []
      appendLayouts(buffer.rawSpan, window.lowerBound, table, to: &found)
      for layout in found where workLeft > 0 {
        if let symbols = try check(layout, tokens, &old, &workLeft) { return symbols }
      }
      at = window.upperBound & ~7
    }
    return nil
  }

  private func appendLayouts(
    _ bytes: RawSpan, _ start: Int, _ table: Range<Int>, to found: inout [Layout]
  ) {
    for at in stride(from: 0, through: bytes.byteCount &- 8, by: 8) {
      guard let count = Int(exactly: bytes.load64(at)), KernelSymbols.counts.contains(count) else {
        continue
      }
      for layout in Self.layouts(count, at: start &+ at, table) where isPlausible(layout) {
        found.append(layout)
      }
    }
  }

  /// With the offsets before the names, as Linux had it up to 6.1, and behind.
  private static func layouts(_ count: Int, at: Int, _ table: Range<Int>) -> [Layout] {
    func rounded(_ length: Int) -> Int { (length &+ 7) & ~7 }
    let markerCount =
      (count &+ KernelSymbols.markerInterval &- 1) / KernelSymbols.markerInterval
    let numbers = table.lowerBound &- rounded(3 &* count)
    let offsets = at &- 8 &- rounded(4 &* count)
    let first = [numbers, table.lowerBound].map { $0 &- rounded(4 &* markerCount) }
    let base = table.upperBound &+ rounded(4 &* count)
    return [
      Layout(
        count: count, names: (at &+ 8)..<max(first[0], at &+ 8),
        markers: first[0]..<(first[0] &+ 4 &* markerCount),
        offsets: offsets..<(offsets &+ 4 &* count), base: at &- 8,
        numbers: numbers..<(numbers &+ 3 &* count)),
      Layout(
        count: count, names: (at &+ 8)..<max(first[1], at &+ 8),
        markers: first[1]..<(first[1] &+ 4 &* markerCount),
        offsets: table.upperBound..<(table.upperBound &+ 4 &* count), base: base,
        numbers: (base &+ 8)..<(base &+ 8 &+ 3 &* count)),
    ]
  }

  private func isPlausible(_ layout: Layout) -> Bool {
    layout.names.count >= 2 &* layout.count
      && layout.names.count <= KernelSymbols.mostBytesPerName &* layout.count
      && layout.names.count <= KernelSymbols.mostNameBytes
      && layout.offsets.lowerBound >= range.lowerBound
      && layout.base >= range.lowerBound && layout.numbers.upperBound <= range.upperBound
  }

  /// Reads all names: they must be where the marks say.
  private mutating func check<Old: OldBytes & ~Copyable>(
    _ layout: Layout, _ tokens: NameTokens, _ old: inout Old, _ workLeft: inout Int
  ) throws(PatchApplyError<Old.Failure>) -> KernelSymbols? {
    var markers: [UInt8] = []
    let first = layout.markers.lowerBound
    try old.load(first..<(first &+ 8), into: &markers)
    workLeft &-= Self.leastWork
    let interval = Int(markers.rawSpan.load32(4))
    guard markers.rawSpan.load32(0) == 0, interval >= 2 &* KernelSymbols.markerInterval,
      interval <= layout.names.count
    else { return nil }
    try old.load(layout.markers, into: &markers)
    var names = KernelNames(
      at: layout.names.lowerBound, to: layout.names.upperBound, count: layout.count)
    var number = 0
    var length = 0
    workLeft &-= layout.markers.count &+ layout.names.count
    while !names.isAtEnd {
      let areSound = try names.next(of: &old) { start, name in
        if number % KernelSymbols.markerInterval == 0 {
          let marker = markers.rawSpan.load32(number / KernelSymbols.markerInterval &* 4)
          guard Int(marker) == start &- layout.names.lowerBound else { return false }
        }
        let count = tokens.length(of: name)
        number &+= 1
        length &+= count
        return count > 0 && count <= KernelSymbols.longestName
      }
      guard areSound else { return nil }
    }
    let byteCount = names.position &- layout.names.lowerBound
    guard layout.names.upperBound &- names.position < 8,
      length <= KernelSymbols.mostExpansion &* byteCount
    else { return nil }
    var base: [UInt8] = []
    try old.load(layout.base..<(layout.base &+ 8), into: &base)
    return KernelSymbols(
      section: section, count: layout.count, base: base.rawSpan.load64(0), offsets: layout.offsets,
      names: layout.names.lowerBound..<names.position, numbers: layout.numbers, tokens: tokens)
  }
}
