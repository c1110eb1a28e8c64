internal import Bytes

/// What a patch is made of, found without applying it.
public struct PatchStatistics: Equatable, Sendable {
  /// How the patch is to be understood.
  public let kind: PatchKind
  /// How many bytes the patch makes.
  public let newLength: UInt64
  /// How many of them are copied, right or wrong.
  public let copiedLength: UInt64
  /// How many copies there are.
  public let copyCount: Int
  /// How many copied bytes are corrected.
  public let differenceCount: Int
  /// Bytes of the patch that say what to insert and to copy.
  public let controlByteCount: Int
  /// Bytes of the patch that correct copied bytes: gaps and differences.
  public let valuesByteCount: Int
  /// Bytes of the patch that are inserted.
  public let extraByteCount: Int
  /// Bytes of the patch that predicting fields takes.
  public let projectionByteCount: Int
  /// How many bytes of memory applying the patch takes at most, the patch itself among them.
  ///
  /// What it shares with others comes on top: see ``sharesKnowledge``.
  public let applyMemory: UInt64
  /// Whether ``ProjectionKnowledge`` is handed on from the patches before to those behind.
  public let sharesKnowledge: Bool

  /// Reads a patch through, and checks all that can be checked without the old bytes.
  ///
  /// - Throws: ``PatchError``, as ``PatchApplier`` would.
  public init(patch: RawSpan, limits: PatchLimits = .standard) throws(PatchError) {
    let layout = try PatchLayout(patch, limits: limits)
    try self.init(patch, layout, oldLength: UInt64(Int64.max), limits)
  }

  /// The one place where all of a patch is checked.
  init(
    _ patch: RawSpan, _ layout: PatchLayout, oldLength: UInt64, _ limits: PatchLimits
  ) throws(PatchError) {
    var copied: UInt64 = 0
    let tables =
      layout.kind == .projected
      ? try ProjectionTables(
        layout.cursor(.projection), in: patch, copyCount: layout.copyCount, limits) : nil
    let recodedLength = tables?.recodedLength ?? 0
    var control = ControlReader(
      layout, oldLength: recodedLength > 0 ? tables?.oldLength ?? oldLength : oldLength,
      recodedLength: recodedLength)
    // All copies lie inside new: their sum does, too.
    while let step = try control.next(in: patch) { copied &+= step.copyCount }
    try control.requireEnd()

    let inserted = layout.cursor(.inserted)
    guard UInt64(inserted.remaining) == layout.newLength &- copied else {
      throw .insertedCount(
        offset: inserted.offset, count: UInt64(inserted.remaining),
        needed: layout.newLength &- copied)
    }
    let differences = try DifferenceReader(layout, patch)
    differenceCount = try differences.check(copied: copied, in: patch)

    let projection = layout.cursor(.projection)
    var memory = UInt64(patch.byteCount) &+ UInt64(OldPages.capacity)
    if let tables { memory &+= tables.memory(copyCount: layout.copyCount) }
    projectionByteCount = projection.remaining
    applyMemory = memory
    sharesKnowledge = tables?.usesKnowledge ?? false
    kind = layout.kind
    newLength = layout.newLength
    copiedLength = copied
    copyCount = layout.copyCount
    extraByteCount = inserted.remaining
    valuesByteCount =
      layout.cursor(.gaps).remaining &+ layout.cursor(.differences).remaining
    controlByteCount =
      layout.cursor(.insertLengths).remaining &+ layout.cursor(.copyLengths).remaining
      &+ layout.cursor(.sources).remaining
  }
}
