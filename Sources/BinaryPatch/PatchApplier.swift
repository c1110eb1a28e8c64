internal import Bytes

/// Makes new bytes from old ones and a patch, in order, as they are asked for.
///
/// The whole patch is checked before the first byte: one that lies gives an error from the
/// initializer and no output. Memory is the patch and one window of 64 KiB, whatever the lengths
/// of old and new; work is proportional to the patch and what it produces. A patch of kind
/// ``PatchKind/projected`` reads old once more before the first byte, and keeps windows of it with
/// what was found in them; ``PatchStatistics/applyMemory`` says how much that is.
///
///     var applier = try PatchApplier(patch: patch, old: file)
///     while !applier.isFinished { try applier.read(into: &output); … }
///     try applier.finish()
///
/// After an error, the applier's output is of no more use.
public struct PatchApplier<Old: OldBytes & ~Copyable>: ~Copyable {
  private let patch: [UInt8]
  private var old: Old
  private var window: OldWindow
  private var control: ControlReader
  private var differences: DifferenceReader
  private var inserted: StreamCursor
  /// What of a projected patch is not yet put together with old.
  private var tables: ProjectionTables?
  private var projection: Projection?
  private var knowledge: ProjectionKnowledge
  private let sharesKnowledge: Bool

  /// How many bytes the patch makes.
  public let newLength: UInt64
  /// How many bytes have been made.
  public private(set) var produced: UInt64 = 0
  private var insertLeft: UInt64 = 0
  private var copyLeft: UInt64 = 0
  private var source: UInt64 = 0

  /// Takes a patch and the old bytes that it was made for.
  ///
  /// - Parameter knowledge: What the patches before have left, of those that were made together:
  ///   ``takeKnowledge()``.
  /// - Throws: ``PatchError`` when any part of the patch is wrong for old bytes of this length.
  /// - Complexity: O(*n*) in the length of the patch.
  public init(
    patch: [UInt8], old: consuming Old, limits: PatchLimits = .standard,
    knowledge: consuming ProjectionKnowledge = .init()
  ) throws(PatchError) {
    let oldLength = old.byteCount
    let layout = try PatchLayout(patch.rawSpan, limits: limits)
    let statistics = try PatchStatistics(patch.rawSpan, layout, oldLength: oldLength)
    guard statistics.applyMemory <= limits.maxApplyMemory else {
      throw .tooMuchMemory(needed: statistics.applyMemory, limit: limits.maxApplyMemory)
    }
    let differences = try DifferenceReader(layout, patch.rawSpan)
    let tables: ProjectionTables? =
      layout.kind == .projected
      ? try ProjectionTables(layout.cursor(.projection), in: patch.rawSpan) : nil
    try tables?.check(oldLength: oldLength, limits)
    self.differences = differences
    control = ControlReader(
      layout, oldLength: oldLength, recodedLength: tables?.recodedLength ?? 0)
    inserted = layout.cursor(.inserted)
    newLength = layout.newLength
    sharesKnowledge = tables?.usesKnowledge ?? false
    self.tables = tables
    window = OldWindow()
    self.patch = patch
    self.old = old
    self.knowledge = knowledge
  }

  /// Whether all bytes have been made.
  public var isFinished: Bool { produced == newLength }

  /// Appends the next bytes: as many as fit, or as there are.
  ///
  /// - Throws: What the old bytes throw; or ``PatchError/oldEnded(at:)`` when they end early.
  @_lifetime(output: copy output)
  public mutating func read(
    into output: inout OutputRawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    if let tables { try project(tables) }
    while !output.isFull, !isFinished {
      if insertLeft > 0 {
        insert(into: &output)
      } else if copyLeft > 0 {
        try copy(into: &output)
      } else {
        do throws(PatchError) { try step() } catch { throw .patch(error) }
      }
    }
  }

  /// Checks that every byte has been read.
  ///
  /// - Throws: ``PatchError/unfinished(produced:newLength:)`` otherwise.
  public mutating func finish() throws(PatchError) {
    guard isFinished else { throw .unfinished(produced: produced, newLength: newLength) }
  }

  /// Gives away what is known for the next patch, once all bytes have been made.
  public mutating func takeKnowledge() -> ProjectionKnowledge {
    if sharesKnowledge, let learned = projection?.takeKnowledge() { return learned }
    var taken = ProjectionKnowledge()
    swap(&taken, &knowledge)
    return taken
  }

  private mutating func step() throws(PatchError) {
    let patch = patch
    if let step = try control.next(in: patch.rawSpan) {
      insertLeft = step.insertCount
      copyLeft = step.copyCount
      source = step.source
      projection?.startCopy()
    } else {
      insertLeft = control.newLeft
    }
  }

  @_lifetime(output: copy output)
  private mutating func insert(into output: inout OutputRawSpan) {
    let wanted = min(UInt64(output.freeCapacity), insertLeft)
    // Checked at the start: there are as many bytes as the lengths say.
    let range = inserted.take(atMost: Int(wanted))
    output.append(copying: patch.rawSpan.extracting(range))
    insertLeft &-= UInt64(range.count)
    produced &+= UInt64(range.count)
  }

  @_lifetime(output: copy output)
  private mutating func copy(
    into output: inout OutputRawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    if projection != nil { return try copyProjected(into: &output) }
    let start = output.byteCount
    let count = try window.append(to: &output, from: source, atMost: copyLeft, of: &old)
    let patch = patch
    do throws(PatchError) {
      try differences.correct(&output, from: start, in: patch.rawSpan)
    } catch {
      throw .patch(error)
    }
    source &+= UInt64(count)
    copyLeft &-= UInt64(count)
    produced &+= UInt64(count)
  }

  @_lifetime(output: copy output)
  private mutating func copyProjected(
    into output: inout OutputRawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    let patch = patch
    if projection?.readyCount == 0 {
      // Both fit: copies are inside old, which has less than 4 GiB.
      try projection?.make(
        &old, &window, from: Int(source), atMost: Int(copyLeft), newOffset: produced, &differences,
        in: patch.rawSpan)
    }
    let count = UInt64(projection?.take(into: &output) ?? 0)
    source &+= count
    copyLeft &-= count
    produced &+= count
  }

  /// Puts what a projected patch says together with old: one pass over that.
  private mutating func project(
    _ tables: ProjectionTables
  ) throws(PatchApplyError<Old.Failure>) {
    let patch = patch
    let known = tables.usesKnowledge ? takeKnowledge() : ProjectionKnowledge(of: tables)
    let control = control
    projection = try Projection(&old, tables, newLength: newLength, known) {
      image, resolved, heads throws(PatchError) in
      try control.addressMap(image, resolved, heads, in: patch.rawSpan)
    }
    self.tables = nil
  }
}
