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
    let learned = LearnedNumbers.memory(bound: numberBound)
    return fields &+ index &+ buffers &+ sectionTable &+ common &+ symbols &+ map &+ learned
  }
}
