extension ProjectionTables {
  /// How many bytes of memory ``Projection`` takes at most, beside the patch.
  func memory(copyCount: Int) -> UInt64 {
    let windows = UInt64(WindowOrder.windowCount(oldLength))
    let slots = UInt64(WindowOrder.slotCount(oldLength: oldLength, fieldLimit: fieldLimit))
    let cache = slots &* UInt64(WindowOrder.memoryPerWindow(fieldLimit: fieldLimit) &+ 24)
    // Where windows are and go on; a bit for each eight bytes, and for each four of `.rodata`.
    let index = windows &* 20 &+ oldLength / 64 &+ oldLength / 32
    // The index is made with a buffer; a window is made in another.
    let buffers = UInt64(4 &* (FieldWindow.size &+ 2 &* FieldWindow.margin))
    // A section, its name, its region, and twice where it is found.
    let sectionTable = UInt64(sections.count) &* 512
    let common = UInt64(FieldIndex.maxCommonEntries &* 2 &* 16)
    let symbols = min(oldLength / 24, UInt64(FieldIndex.maxSectionSymbols)) &* 16
    // While the map is made: copies, cut copies as they come and by rank, the pieces.
    let pieces = UInt64(MapBuilder.mostPieces(copyCount) &+ hints.count) &* 160
    // Two domains, four bytes and a bit for each number, and less for the levels above.
    let learned = numberBound &* 9
    return cache &+ index &+ buffers &+ sectionTable &+ common &+ symbols &+ pieces &+ learned
  }
}

/// How many windows of old the copies of a patch ask for.
struct WindowWork {
  private var order: WindowOrder
  private let oldLength: UInt64
  private let limit: UInt64

  init(_ tables: ProjectionTables, newLength: UInt64) {
    oldLength = tables.oldLength
    order = WindowOrder(oldLength: oldLength, fieldLimit: tables.fieldLimit)
    limit = WindowOrder.maxLoads(oldLength: oldLength, newLength: newLength)
  }

  /// Adds the windows of a copy.
  ///
  /// - Throws: ``PatchError/tooMuchWork(windows:limit:)``.
  mutating func add(_ step: PatchStep) throws(PatchError) {
    let size = UInt64(FieldWindow.size)
    // The end does not wrap: the copy is inside old, by its length if not by what the patch says.
    let end = step.source &+ step.copyCount
    guard end <= oldLength else { throw .oldMismatch }
    for window in (step.source / size)...((end &- 1) / size) {
      _ = order.use(Int(truncatingIfNeeded: window))
      guard order.loads <= limit else {
        throw .tooMuchWork(windows: order.loads, limit: limit)
      }
    }
  }
}
