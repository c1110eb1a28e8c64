/// Which windows of old are in memory: those that were used last.
///
/// What it says depends on nothing but the windows asked for, so a patch tells beforehand how often
/// windows will be read.
struct WindowOrder: Sendable {
  /// How many bytes all windows in memory may take.
  static let memory = 11 << 20
  /// A patch may ask for each byte of old and new to be looked at so often.
  static let maxPasses: UInt64 = 16
  /// However short old and new are, it may ask for so many windows.
  static let leastLoads: UInt64 = 1024

  /// For each window, its slot and one; 0: it is not in memory.
  private var slots: [UInt16]
  /// For each slot, its window and when that was used last.
  private var uses: [(window: Int, time: UInt64)] = []
  private let slotCount: Int
  private var time: UInt64 = 0
  /// How often a window was read.
  private(set) var loads: UInt64 = 0

  /// - Parameter fieldLimit: How many fields a window has at most.
  init(oldLength: UInt64, fieldLimit: Int) {
    let windows = Self.windowCount(oldLength)
    slots = [UInt16](repeating: 0, count: windows)
    slotCount = Self.slotCount(oldLength: oldLength, fieldLimit: fieldLimit)
    uses.reserveCapacity(slotCount)
  }

  static func windowCount(_ oldLength: UInt64) -> Int {
    Int(truncatingIfNeeded: oldLength) / FieldWindow.size &+ 1
  }

  /// How many windows are in memory at most.
  static func slotCount(oldLength: UInt64, fieldLimit: Int) -> Int {
    min(windowCount(oldLength), memory / memoryPerWindow(fieldLimit: fieldLimit))
  }

  /// In bytes: what is read, and its fields.
  static func memoryPerWindow(fieldLimit: Int) -> Int {
    FieldWindow.size &+ 2 &* FieldWindow.margin &+ 128
      &+ fieldLimit &* MemoryLayout<Field>.stride
  }

  /// The most loads that are allowed.
  static func maxLoads(oldLength: UInt64, newLength: UInt64) -> UInt64 {
    (oldLength &+ newLength) / UInt64(FieldWindow.size) &* maxPasses &+ leastLoads
  }

  /// The slot for a window, which must be inside old, and whether it must be read.
  mutating func use(_ window: Int) -> (slot: Int, mustLoad: Bool) {
    time &+= 1
    let slot = Int(slots[window]) &- 1
    if slot >= 0 {
      uses[slot].time = time
      return (slot, false)
    }
    loads &+= 1
    guard uses.count >= slotCount else {
      uses.append((window, time))
      slots[window] = UInt16(truncatingIfNeeded: uses.count)
      return (uses.count &- 1, true)
    }
    var oldest = 0
    for slot in uses.indices where uses[slot].time < uses[oldest].time { oldest = slot }
    slots[uses[oldest].window] = 0
    uses[oldest] = (window, time)
    slots[window] = UInt16(truncatingIfNeeded: oldest &+ 1)
    return (oldest, true)
  }
}
