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
    let map = MapBuilder.memory(
      copyCount: copyCount, hintCount: hints.count, typeCount: typeGaps.count)
    // Recoded names, and what recodes them; and the tokens of a kernel's own.
    let names = UInt64(recodedLength) &+ NameCoder.memory &+ (128 << 10)
    // The map is made before anything else.
    let making =
      headMemory &+ MapBuilder.sortMemory(copyCount: copyCount, typeCount: typeGaps.count)
    let using = fields &+ index &+ buffers &+ common &+ symbols &+ learnedMemory &+ names
    return sectionTable &+ map &+ Self.gapMemory(typeGaps.count) &+ max(making, using)
  }

  /// What the types' gaps take while they are read.
  private static func gapMemory(_ count: Int) -> UInt64 { UInt64(count &* 16) }

  /// What tables of a patch take that may be as long as it is: refused before any is read.
  static func listMemory(hintCount: Int, typeCount: Int) -> UInt64 {
    MapBuilder.hintMemory(hintCount) &+ gapMemory(typeCount)
  }

  /// Where types start: a bit, and a count for 64 of them, for each four bytes.
  private var headMemory: UInt64 {
    typeGaps.isEmpty ? 0 : oldLength / 32 &+ oldLength / 64 &+ 1024
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
    let strings = LearnedMap.memory(
      capacity: min(numberCapacity, NumberPredictor.mostStrayStrings))
    let own = numbers &+ counters &+ strings
    return usesKnowledge ? own : own &+ 3 &* numbers &+ counters
  }
}

extension UInt64 {
  fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
