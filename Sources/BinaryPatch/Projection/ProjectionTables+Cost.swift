extension ProjectionTables {
  /// How many bytes of memory ``Projection`` takes at most, beside the patch.
  func memory(copyCount: Int) -> UInt64 {
    let windows = UInt64(FieldPool.windowCount(oldLength))
    let fields =
      UInt64(FieldPool.capacity(fieldCount: fieldCount) &+ FieldWindow.maxFields)
      &* UInt64(MemoryLayout<Field>.stride)
    // For each window, where its fields are and where its bytes go on; a bit for each eight bytes,
    // and for each four of `.rodata`.
    let index = windows &* 32 &+ oldLength / 64 &+ oldLength / 32
    let buffers = UInt64(4 &* (FieldWindow.size &+ 2 &* FieldWindow.margin))
    // A section, its name, its region, and twice where it is found.
    let sectionTable = UInt64(sections.count) &* 512
    // Arrays that grow are copied to twice the room.
    let common = min(oldLength / 16, UInt64(FieldIndex.maxCommonEntries)) &* 48
    let symbols = min(oldLength / 24, UInt64(FieldIndex.maxSectionSymbols)) &* 24
    let map = MapBuilder.memory(copyCount: copyCount, hintCount: hints.count)
    // The map is made before anything else.
    let sorting = MapBuilder.sortMemory(copyCount: copyCount)
    return sectionTable &+ map
      &+ max(sorting, fields &+ index &+ buffers &+ common &+ symbols &+ learnedMemory)
  }

  /// How many numbers one map may learn: each is of another field, and a file's own types start
  /// with one that is known.
  package var numberCapacity: Int { Int(clamping: fieldCount.addingClamped(1)) }

  /// What is learned of a file's own types and counters; and what is known besides, unless the patch
  /// shares that with others.
  private var learnedMemory: UInt64 {
    guard kinds & Self.numberKinds != 0 else { return 0 }
    let numbers = LearnedMap.memory(capacity: numberCapacity)
    let counters = LearnedMap.memory(capacity: min(numberCapacity, Counter.bound))
    return usesKnowledge ? numbers &+ counters : 4 &* numbers &+ 2 &* counters
  }
}

extension UInt64 {
  fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
