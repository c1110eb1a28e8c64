internal import Bytes

/// Goes over an old file once, in its order, and makes its ``FieldIndex``.
struct FieldIndexer<Old: OldBytes & ~Copyable>: ~Copyable {
  private var index: FieldIndex
  /// The bytes around the last window that was looked at.
  private var buffer: [UInt8] = []
  private var buffered = 0..<0

  private init(_ image: ElfImage, windowSize: Int) {
    index = FieldIndex(image, windowSize: windowSize)
  }

  /// The index of a file.
  static func index(
    _ image: ElfImage, windowSize: Int, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> FieldIndex {
    var indexer = FieldIndexer(image, windowSize: windowSize)
    // Tables last: code tells where they start.
    for region in indexer.index.regions.indices where region != indexer.index.tables {
      try indexer.visit(region, &old)
    }
    if let tables = indexer.index.tables { try indexer.visitTables(tables, &old) }
    return indexer.index
  }

  private mutating func visit(
    _ number: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    let region = index.regions[number]
    try readHeader(number, &old)
    let isRelocatable = index.image.isRelocatable
    switch region.format {
    case .code where index.image.machine == .x86_64:
      try sweep(number, &old, FieldIndexStep.stepCode)
    case .ehFrame: try sweep(number, &old, FieldIndexStep.stepEhFrame)
    case .btf:
      var type = RestOfType()
      try sweep(number, &old) { FieldIndexStep.stepTypes(&$0, $1, $2, from: $3, to: $4, &type) }
    case .relocations where !isRelocatable:
      try sweep(number, &old, FieldIndexStep.stepRelocations)
    case .symbols where isRelocatable && region.section == index.symbolTable:
      try sweep(number, &old, FieldIndexStep.stepSymbols)
    case .relativeRelocations:
      var next: UInt64 = 0
      try sweep(number, &old) { FieldIndexStep.stepRelative(&$0, $1, $2, from: $3, to: $4, &next) }
    default: break
    }
  }

  /// Narrows a region to its entries, where a header says where they are.
  private mutating func readHeader(
    _ number: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    let region = index.regions[number]
    switch region.format {
    case .btf, .ehFrameHeader, .hash, .gnuHash: break
    default: return
    }
    buffered = 0..<0
    let range = region.range
    try old.load(range.lowerBound..<min(range.upperBound, range.lowerBound &+ 24), into: &buffer)
    index.regions[number].entries = region.entries(header: buffer.rawSpan)
  }

  /// Calls `step` for one window after the other, with the place to go on at and the one to reach;
  /// it gives the place that it reached.
  private mutating func sweep(
    _ number: Int, _ old: inout Old,
    _ step: (inout FieldIndex, FieldRegion, borrowing WindowView, Int, Int) -> (
      at: Int, rest: UInt64
    )
  ) throws(PatchApplyError<Old.Failure>) {
    let region = index.regions[number]
    var at = region.entries.lowerBound
    let size = index.windowSize
    var next = (at &+ FieldWindow.reach &- 1) / size &+ 1
    while at < region.entries.upperBound {
      let window = (at &+ FieldWindow.reach) / size
      try load(window, &old)
      let limit = min((window &+ 1) &* size &- FieldWindow.reach, region.entries.upperBound)
      let bytes = buffer
      let view = WindowView(bytes.rawSpan, base: buffered.lowerBound)
      let reached = step(&index, region, view, at, limit)
      at = max(reached.at, limit)
      next = index.setResumePoint(
        at, fromWindow: max(next, window &+ 1), reached: min(at, region.entries.upperBound &- 1),
        rest: reached.rest)
    }
  }

  /// Reads the bytes around a window, if they are not those that were read last.
  private mutating func load(
    _ window: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    let range = index.range(around: window)
    guard range != buffered else { return }
    buffered = 0..<0
    try old.load(range, into: &buffer)
    buffered = range
  }
}

extension FieldIndex {
  /// The bytes that the fields of a window are found in.
  func range(around window: Int) -> Range<Int> {
    let start = min(window &* windowSize, image.byteCount)
    let end = min(start &+ windowSize, image.byteCount)
    return max(start &- FieldWindow.margin, 0)..<min(end &+ FieldWindow.margin, image.byteCount)
  }
}

extension FieldIndexer where Old: ~Copyable {
  /// Follows the tables of `.rodata`, now that it is known where they start.
  private mutating func visitTables(
    _ number: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    let region = index.regions[number]
    let size = index.windowSize
    var table = JumpTable()
    var at = (region.range.lowerBound &+ 3) & ~3
    var next = (region.range.lowerBound &+ FieldWindow.reach &- 1) / size &+ 1
    while at < region.range.upperBound {
      if !table.isOpen {
        // No table goes on: up to the next one, there is nothing to look at.
        let start = min(index.nextTableStart(from: at, in: region), region.range.upperBound)
        at = max(at, start)
        next = index.setResumePoint(
          0, fromWindow: next, reached: min(at, region.range.upperBound &- 1))
        guard at < region.range.upperBound else { return }
      }
      let window = (at &+ FieldWindow.reach) / size
      try load(window, &old)
      let limit = min((window &+ 1) &* size &- FieldWindow.reach, region.range.upperBound)
      let bytes = buffer
      let view = WindowView(bytes.rawSpan, base: buffered.lowerBound)
      repeat {
        _ = table.step(view, at: at, region, index)
        at &+= 4
      } while at < limit && table.isOpen
      next = index.setResumePoint(
        table.isOpen ? table.start &+ 1 : 0, fromWindow: next,
        reached: min(at, region.range.upperBound &- 1))
    }
  }
}
