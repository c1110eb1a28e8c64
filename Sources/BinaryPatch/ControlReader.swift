internal import Bytes

/// One step of a patch: bytes to insert, then a range of old to copy.
struct PatchStep {
  let insertCount: UInt64
  let source: UInt64
  let copyCount: UInt64
}

/// Reads the steps of a patch, and refuses those that leave old or new.
struct ControlReader {
  private var insertLengths: StreamCursor
  private var copyLengths: StreamCursor
  private var sources: StreamCursor
  private var stepsLeft: Int
  private let oldLength: UInt64
  /// How many bytes follow old that are made of it.
  private let recodedLength: UInt64
  /// Where the previous copy ended in old.
  private var previousEnd: UInt64 = 0
  /// How many bytes of new no step has spoken for yet: after the last, those to insert.
  private(set) var newLeft: UInt64

  /// - Parameters:
  ///   - oldLength: What a copy must lie within.
  ///   - recodedLength: Or within so many bytes behind.
  init(_ layout: PatchLayout, oldLength: UInt64, recodedLength: Int = 0) {
    self.recodedLength = UInt64(recodedLength)
    insertLengths = layout.cursor(.insertLengths)
    copyLengths = layout.cursor(.copyLengths)
    sources = layout.cursor(.sources)
    stepsLeft = layout.copyCount
    newLeft = layout.newLength
    self.oldLength = oldLength
  }

  /// The next step; `nil` after the last.
  mutating func next(in patch: RawSpan) throws(PatchError) -> PatchStep? {
    guard stepsLeft > 0 else { return nil }
    stepsLeft &-= 1
    let insertOffset = insertLengths.offset
    let insertCount = try insertLengths.readNumber(in: patch)
    try spend(insertCount, readAt: insertOffset)
    let copyOffset = copyLengths.offset
    let copyCount = try copyLengths.readNumber(in: patch)
    try spend(copyCount, readAt: copyOffset)
    guard copyCount > 0 else { throw .emptyCopy(offset: copyOffset) }
    let source = try nextSource(insertCount: insertCount, copyCount: copyCount, patch)
    previousEnd = source &+ copyCount
    return PatchStep(insertCount: insertCount, source: source, copyCount: copyCount)
  }

  /// Where all steps that are left say that old addresses went, without reading on; `nil`: too many
  /// pieces, or segments that overlap.
  func addressMap(
    _ old: ElfImage, _ tables: ResolvedTables, _ heads: TypeHeads?, in patch: RawSpan
  ) throws(PatchError) -> AddressMap? {
    var reader = self
    let builder = MapBuilder(
      old.segments, tables.segments, copyCount: stepsLeft, typeCount: tables.typeGaps.count)
    guard var builder else { return nil }
    var types = heads.map { TypeRuns($0, gaps: tables.typeGaps) }
    var at: UInt64 = 0
    while let step = try reader.next(in: patch) {
      at &+= step.insertCount
      defer { at &+= step.copyCount }
      // Recoded names have no address.
      guard step.source < oldLength else { continue }
      let copy = CopiedRange(old: step.source, new: at, count: step.copyCount)
      guard builder.add(copy), builder.add(copy, &types) else { return nil }
    }
    guard types?.isAtEnd ?? true else { return nil }
    return builder.map(old, tables)
  }

  /// Checks, after the last step, that every number was read.
  func requireEnd() throws(PatchError) {
    try insertLengths.requireEnd()
    try copyLengths.requireEnd()
    try sources.requireEnd()
  }

  private mutating func spend(_ length: UInt64, readAt offset: Int) throws(PatchError) {
    guard length <= newLeft else { throw .lengthOutsideNew(offset: offset, value: length) }
    newLeft &-= length
  }

  /// Whether a copy lies in old, or in what follows it.
  private func isInside(_ source: UInt64, _ count: UInt64) -> Bool {
    if source < oldLength || recodedLength == 0 {
      return source <= oldLength && count <= oldLength &- source
    }
    let into = source &- oldLength
    return into <= recodedLength && count <= recodedLength &- into
  }

  private mutating func nextSource(
    insertCount: UInt64, copyCount: UInt64, _ patch: RawSpan
  ) throws(PatchError) -> UInt64 {
    let offset = sources.offset
    let encoded = try sources.readNumber(in: patch)
    let (expected, past) = previousEnd.addingReportingOverflow(insertCount)
    guard !past, let expected = Int64(exactly: expected),
      case (let source, false) = expected.addingReportingOverflow(Int64(zigZag: encoded)),
      let source = UInt64(exactly: source), isInside(source, copyCount)
    else { throw .sourceOutsideOld(offset: offset, value: encoded) }
    return source
  }
}
