/// The fields of the windows of old that were looked at last, in a memory of fixed size.
///
/// A window's fields follow those of the window before it; when the end is reached, the oldest make
/// room. What is kept depends on nothing but old and the copies, so the making side knows how often
/// the applying side will have to look for fields.
package struct FieldPool: Sendable {
  /// The most fields that are kept: 11 MiB.
  package static let maxFields = 704 << 10
  /// All of old and new may be gone through so often.
  static let maxPasses: UInt64 = 8
  /// However short old and new are, so many windows may.
  static let leastLoads: UInt64 = 1024

  private enum Place {
    static let none = UInt32.max
  }

  /// For each window, where its fields start in the pool; `Place.none`: nowhere.
  private var starts: [UInt32]
  private var counts: [UInt16]
  /// Windows with fields in the pool, the oldest first: a ring.
  private var queue: [UInt32] = []
  private var oldest = 0
  private var queued = 0
  /// Where the next window's fields go.
  private var next = 0
  private let capacity: Int
  /// How often the fields of a window had to be looked for.
  package private(set) var loads: UInt64 = 0

  /// - Parameter fieldCount: How many fields old has, as far as one knows; more are kept as well
  ///   as they fit.
  package init(oldLength: UInt64, fieldCount: UInt64) {
    let windows = Self.windowCount(oldLength)
    starts = [UInt32](repeating: Place.none, count: windows)
    counts = [UInt16](repeating: 0, count: windows)
    queue = [UInt32](repeating: 0, count: windows)
    capacity = Self.capacity(fieldCount: fieldCount)
  }

  static func windowCount(_ oldLength: UInt64) -> Int {
    Int(truncatingIfNeeded: oldLength) / FieldWindow.size &+ 1
  }

  /// How many fields have room: at least those of one window.
  static func capacity(fieldCount: UInt64) -> Int {
    min(max(Int(clamping: fieldCount), FieldWindow.maxFields), maxFields)
  }

  /// How often the fields of a window may be looked for.
  package static func maxLoads(oldLength: UInt64, newLength: UInt64) -> UInt64 {
    (oldLength &+ newLength) / UInt64(FieldWindow.size) &* maxPasses &+ leastLoads
  }

  /// Where the fields of a window are, which is inside old; `nil`: they are not kept.
  @inline(__always)
  package func find(_ window: Int) -> Range<Int>? {
    let start = starts[window]
    guard start != Place.none else { return nil }
    return Int(start)..<(Int(start) &+ Int(counts[window]))
  }

  /// Makes room for the fields of a window which is not in the pool.
  ///
  /// - Parameter count: At most ``FieldWindow/maxFields``.
  package mutating func insert(_ window: Int, count: Int) -> Range<Int> {
    loads &+= 1
    counts[window] = UInt16(truncatingIfNeeded: count)
    guard count > 0 else {
      starts[window] = 0
      return 0..<0
    }
    if next &+ count > capacity {
      // What is behind is older than what is at the start.
      evict(next..<capacity)
      next = 0
    }
    let range = next..<(next &+ count)
    evict(range)
    starts[window] = UInt32(truncatingIfNeeded: next)
    queue[(oldest &+ queued) % queue.count] = UInt32(truncatingIfNeeded: window)
    queued &+= 1
    next = range.upperBound
    return range
  }

  /// Forgets the oldest windows, as long as they have fields in a range.
  private mutating func evict(_ range: Range<Int>) {
    while queued > 0 {
      let window = Int(queue[oldest])
      let start = Int(starts[window])
      guard start < range.upperBound, start &+ Int(counts[window]) > range.lowerBound else {
        return
      }
      starts[window] = Place.none
      oldest = (oldest &+ 1) % queue.count
      queued &-= 1
    }
  }
}
