internal import Bytes

/// Makes new bytes from old ones and a patch, in order, as they are asked for.
///
/// The whole patch is checked before the first byte: one that lies gives an error from the
/// initializer and no output. Memory is the patch and 128 KiB of old, whatever the lengths
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
  private var replay: PatchReplay
  /// What of a projected patch is not yet put together with old.
  private var tables: ProjectionTables?
  private var knowledge: ProjectionKnowledge
  private let sharesKnowledge: Bool
  private var old: Old

  /// How many bytes the patch makes.
  public var newLength: UInt64 { replay.newLength }
  /// How many bytes have been made.
  public var produced: UInt64 { replay.produced }

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
    let statistics = try PatchStatistics(patch.rawSpan, layout, oldLength: oldLength, limits)
    guard statistics.applyMemory <= limits.maxApplyMemory else {
      throw .tooMuchMemory(needed: statistics.applyMemory, limit: limits.maxApplyMemory)
    }
    let tables: ProjectionTables? =
      layout.kind == .projected
      ? try ProjectionTables(
        layout.cursor(.projection), in: patch.rawSpan, copyCount: layout.copyCount, limits) : nil
    try tables?.check(oldLength: oldLength)
    replay = try PatchReplay(
      patch, layout, oldLength: oldLength, recodedLength: tables?.recodedLength ?? 0)
    sharesKnowledge = tables?.usesKnowledge ?? false
    self.tables = tables
    self.knowledge = knowledge
    self.old = old
  }

  /// Whether all bytes have been made.
  public var isFinished: Bool { replay.isFinished }

  /// Appends the next bytes: as many as fit, or as there are.
  ///
  /// - Throws: What the old bytes throw; or ``PatchError/oldEnded(at:)`` when they end early.
  @_lifetime(output: copy output)
  public mutating func read(
    into output: inout OutputRawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    if let tables { try project(tables) }
    while true {
      let need: OldNeed
      do throws(PatchError) { need = try replay.run(into: &output) } catch { throw .patch(error) }
      switch need {
      case .nothing: return
      case .bytes(let source, let wanted):
        try replay.pages.fill(from: &old, at: source, wanted: wanted)
      case .fields(let window): try replay.projection?.load(window, of: &old)
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
    if sharesKnowledge, let learned = replay.projection?.takeKnowledge() { return learned }
    var taken = ProjectionKnowledge()
    swap(&taken, &knowledge)
    return taken
  }

  /// Puts what a projected patch says together with old: one pass over that.
  private mutating func project(
    _ tables: ProjectionTables
  ) throws(PatchApplyError<Old.Failure>) {
    let known = tables.usesKnowledge ? takeKnowledge() : ProjectionKnowledge(of: tables)
    let control = replay.control
    let patch = replay.patch
    replay.projection = try Projection(&old, tables, newLength: newLength, known) {
      image, resolved, heads throws(PatchError) in
      try control.addressMap(image, resolved, heads, in: patch.rawSpan)
    }
    self.tables = nil
  }
}
