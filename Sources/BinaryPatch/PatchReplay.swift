internal import Bytes

/// What of applying a patch does not depend on where old bytes come from: it goes as far as it has
/// what it needs of old, and says what it needs next.
///
/// All that is done for each copy is here; ``PatchApplier`` reads.
struct PatchReplay: ~Copyable {
  let patch: [UInt8]
  var pages = OldPages()
  /// Of a projected patch, once it is put together with old.
  var projection: Projection?
  /// Before the first step.
  let control: ControlReader
  private var steps: ControlReader
  private var differences: DifferenceReader
  private var inserted: StreamCursor

  let newLength: UInt64
  private(set) var produced: UInt64 = 0
  private var insertLeft: UInt64 = 0
  private var copyLeft: UInt64 = 0
  private var source: UInt64 = 0

  /// - Parameters:
  ///   - patch: Checked.
  ///   - recodedLength: How many bytes follow old that are made of it.
  init(
    _ patch: [UInt8], _ layout: PatchLayout, oldLength: UInt64, recodedLength: Int
  ) throws(PatchError) {
    differences = try DifferenceReader(layout, patch.rawSpan)
    control = ControlReader(layout, oldLength: oldLength, recodedLength: recodedLength)
    steps = control
    inserted = layout.cursor(.inserted)
    newLength = layout.newLength
    self.patch = patch
  }

  var isFinished: Bool { produced == newLength }

  /// Appends the next bytes until `output` is full, there are no more, or something is missing.
  @_lifetime(output: copy output)
  mutating func run(into output: inout OutputRawSpan) throws(PatchError) -> OldNeed {
    let owner = patch
    let patch = owner.rawSpan
    while !output.isFull, !isFinished {
      if insertLeft > 0 {
        insert(into: &output, patch)
      } else if copyLeft > 0 {
        let need =
          projection == nil
          ? try copy(into: &output, patch) : try copyProjected(into: &output, patch)
        guard need == .nothing else { return need }
      } else {
        try step(patch)
      }
    }
    return .nothing
  }

  private mutating func step(_ patch: RawSpan) throws(PatchError) {
    if let step = try steps.next(in: patch) {
      insertLeft = step.insertCount
      copyLeft = step.copyCount
      source = step.source
      projection?.startCopy()
    } else {
      insertLeft = steps.newLeft
    }
  }

  @_lifetime(output: copy output)
  private mutating func insert(into output: inout OutputRawSpan, _ patch: RawSpan) {
    let wanted = min(UInt64(output.freeCapacity), insertLeft)
    // Checked at the start: there are as many bytes as the lengths say.
    let range = inserted.take(atMost: Int(wanted))
    output.append(copying: patch.extracting(range))
    insertLeft &-= UInt64(range.count)
    produced &+= UInt64(range.count)
  }

  @_lifetime(output: copy output)
  private mutating func copy(
    into output: inout OutputRawSpan, _ patch: RawSpan
  ) throws(PatchError) -> OldNeed {
    let start = output.byteCount
    let count = pages.append(to: &output, from: source, atMost: copyLeft)
    guard count > 0 else { return .bytes(at: source, wanted: copyLeft) }
    try differences.correct(&output, from: start, in: patch)
    advance(by: UInt64(count))
    return .nothing
  }

  @_lifetime(output: copy output)
  private mutating func copyProjected(
    into output: inout OutputRawSpan, _ patch: RawSpan
  ) throws(PatchError) -> OldNeed {
    if projection?.readyCount == 0 {
      // Both fit: copies are inside old, which has less than 4 GiB.
      let need = try projection?.make(
        pages, from: Int(source), atMost: Int(copyLeft), newOffset: produced, &differences,
        in: patch)
      if let need, need != .nothing { return need }
    }
    advance(by: UInt64(projection?.take(into: &output) ?? 0))
    return .nothing
  }

  private mutating func advance(by count: UInt64) {
    source &+= count
    copyLeft &-= count
    produced &+= count
  }
}
