internal import Bytes

/// Finds the section that has an address, or an offset.
struct SectionLookup: Sendable {
  private struct Entry {
    let start: UInt64
    let count: UInt64
    let index: Int
  }

  /// By start, then by index.
  private let entries: [Entry]

  init(_ sections: [ElfSection], _ range: (ElfSection) -> (start: UInt64, count: UInt64)?) {
    var entries: [Entry] = []
    for index in sections.indices.dropFirst() {
      guard let (start, count) = range(sections[index]), count > 0 else { continue }
      entries.append(Entry(start: start, count: count, index: index))
    }
    entries.sort { ($0.start, $0.index) < ($1.start, $1.index) }
    self.entries = entries
  }

  /// Of the sections that start at `value` or before, the one that starts last: if it has `value`.
  ///
  /// - Parameter endCounts: Whether its end belongs to it.
  func find(_ value: UInt64, endCounts: Bool) -> Int? {
    let entries = entries.span
    let low = entries.partitionPoint { $0.start <= value }
    guard low > 0 else { return nil }
    let into = value &- entries[low &- 1].start
    let count = entries[low &- 1].count
    return into < count || endCounts && into == count ? entries[low &- 1].index : nil
  }
}
