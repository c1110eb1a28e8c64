internal import Bytes

/// How numbers of 32 bits changed, as far as it was learned: old to new, in the order of the old.
///
/// It takes at most so many of them as it is told, and learns no further ones then. Memory is at most
/// ``memory(capacity:)``.
package struct LearnedMap: Equatable, Sendable {
  private struct Entry: Equatable {
    var old: UInt32
    var new: UInt32
  }

  /// The most numbers that any takes.
  package static let maximumCapacity = 128 << 10
  /// The most memory that any takes, in bytes.
  package static let maximumMemory = memory(capacity: maximumCapacity)
  private static let pageLength = 512

  /// How much memory one takes at most, in bytes: each page but the only one is half full or more, and
  /// has room for one number more than a full one. For each there is a little besides.
  package static func memory(capacity: Int) -> UInt64 {
    let pages = UInt64(min(capacity, maximumCapacity) / (pageLength / 2) &+ 2)
    return pages &* UInt64((pageLength &+ 1) &* MemoryLayout<Entry>.stride &+ 128)
  }

  /// Not empty, each sorted, and in order: a sorted array that is cheap to insert into.
  private var pages: [[Entry]] = []
  /// The first old number of each page.
  private var starts: [UInt32] = []
  /// How many numbers it has.
  package private(set) var count = 0
  private let capacity: Int

  /// - Parameter capacity: How many numbers it takes, of ``maximumCapacity``.
  package init(capacity: Int = maximumCapacity) {
    self.capacity = min(capacity, Self.maximumCapacity)
  }

  package static func == (one: LearnedMap, other: LearnedMap) -> Bool {
    one.count == other.count && one.pages.joined().elementsEqual(other.pages.joined())
  }

  /// The new number for one that was learned.
  package func exact(_ old: UInt32) -> UInt32? {
    guard let (page, index) = place(of: old), index > 0 else { return nil }
    let entry = pages[page][index &- 1]
    return entry.old == old ? entry.new : nil
  }

  /// The new number: the learned one, else as far away as the nearest learned one is from its own,
  /// of two the lower; `nil` when nothing was learned.
  package func nearest(_ old: UInt32) -> UInt32? {
    guard let (page, index) = place(of: old) else { return nil }
    let below = index > 0 ? pages[page][index &- 1] : nil
    if let below, below.old == old { return below.new }
    var above: Entry?
    if index < pages[page].count {
      above = pages[page][index]
    } else if page &+ 1 < pages.count {
      above = pages[page &+ 1][0]
    }
    guard let below else { return above.map { $0.new &+ (old &- $0.old) } }
    guard let above, above.old &- old < old &- below.old else {
      return below.new &+ (old &- below.old)
    }
    return above.new &+ (old &- above.old)
  }

  /// Remembers a number, in place of what it was learned to be before.
  package mutating func learn(_ old: UInt32, _ new: UInt32) {
    guard let (page, index) = place(of: old) else {
      guard capacity > 0 else { return }
      pages = [Self.page(of: [Entry(old: old, new: new)])]
      starts = [old]
      count = 1
      return
    }
    if index > 0, pages[page][index &- 1].old == old {
      pages[page][index &- 1].new = new
      return
    }
    guard count < capacity else { return }
    count &+= 1
    pages[page].insert(Entry(old: old, new: new), at: index)
    if index == 0 { starts[page] = old }
    if pages[page].count > Self.pageLength { split(page) }
  }

  /// The page that has or would have a number, and how many entries there are not above it.
  private func place(of old: UInt32) -> (page: Int, index: Int)? {
    guard !pages.isEmpty else { return nil }
    let page = max(starts.span.countNotAbove(old) &- 1, 0)
    let all = pages[page]
    return (page, all.span.partitionPoint { $0.old <= old })
  }

  /// A page that will not have to grow.
  private static func page(of entries: some Collection<Entry>) -> [Entry] {
    var page: [Entry] = []
    page.reserveCapacity(pageLength &+ 1)
    page.append(contentsOf: entries)
    return page
  }

  private mutating func split(_ page: Int) {
    let half = Self.pageLength / 2
    let upper = Self.page(of: pages[page][half...])
    pages[page].removeSubrange(half...)
    pages.insert(upper, at: page &+ 1)
    starts.insert(upper[0].old, at: page &+ 1)
  }
}

extension Span<UInt32> {
  /// How many of sorted numbers are not above one.
  fileprivate func countNotAbove(_ value: UInt32) -> Int {
    partitionPoint { $0 <= value }
  }
}

extension LearnedMap {
  /// Appends all numbers: their count; for each how far it is from the one before; for each by how
  /// much its shift differs from that of the one before.
  func append(to out: inout [UInt8]) {
    out.append(varint: UInt64(count))
    var previous: UInt32 = 0
    for entry in pages.joined() {
      out.append(varint: UInt64(entry.old &- previous))
      previous = entry.old
    }
    var shift: UInt32 = 0
    for entry in pages.joined() {
      let own = entry.new &- entry.old
      out.append(varint: UInt64(own &- shift))
      shift = own
    }
  }

  /// Reads what ``append(to:)`` wrote; `nil`: something else.
  init?(_ cursor: inout ByteCursor) {
    self.init()
    guard let count = cursor.readVarint().flatMap({ Int(exactly: $0) }),
      count <= Self.maximumCapacity
    else { return nil }
    var numbers: [UInt32] = []
    numbers.reserveCapacity(count)
    var next: UInt32 = 0
    for index in 0..<count {
      guard let gap = cursor.readVarint().flatMap({ UInt32(exactly: $0) }), gap > 0 || index == 0,
        case (let old, false) = next.addingReportingOverflow(gap)
      else { return nil }
      numbers.append(old)
      next = old
    }
    var shift: UInt32 = 0
    for old in numbers {
      guard let change = cursor.readVarint().flatMap({ UInt32(exactly: $0) }) else { return nil }
      shift &+= change
      learn(old, old &+ shift)
    }
  }
}
