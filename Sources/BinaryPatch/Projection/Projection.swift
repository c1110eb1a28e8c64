internal import Bytes

/// Makes the copied bytes of a projected patch: old bytes, their fields predicted, and corrected.
///
/// Of old it holds the windows that were used last, with their fields.
struct Projection {
  /// One window of old.
  private struct Slot {
    var bytes: [UInt8] = []
    /// Where the first byte is in old.
    var base = 0
    var fields: [Field] = []
  }

  private let index: FieldIndex
  private let fieldLimit: Int
  private var predictor: FieldPredictor
  private var order: WindowOrder
  private var slots: [Slot] = []
  private var chunk: [UInt8]
  /// What of ``chunk`` has not been taken.
  private var ready = 0..<0

  /// Goes over old once.
  ///
  /// - Throws: ``PatchError`` when the patch was made for other old bytes.
  init<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ tables: ProjectionTables, copies: [CopiedRange]
  ) throws(PatchApplyError<Old.Failure>) {
    guard old.byteCount == tables.oldLength, let image = try ElfImage.read(from: &old),
      let resolved = ResolvedTables(tables, old: image),
      let map = AddressMap(old: image, tables: resolved, copies: copies)
    else { throw .patch(.oldMismatch) }
    index = try FieldIndexer.index(image, windowSize: FieldWindow.size, of: &old)
    fieldLimit = tables.fieldLimit
    predictor = FieldPredictor(
      map: map, old: image, tables: resolved, numberBound: tables.numberBound)
    order = WindowOrder(oldLength: tables.oldLength, fieldLimit: tables.fieldLimit)
    chunk = [UInt8](repeating: 0, count: FieldWindow.size &+ 8)
  }

  /// How many bytes are made but not taken.
  var readyCount: Int { ready.count }

  /// A copy starts.
  mutating func startCopy() { predictor.startCopy() }

  /// Makes the next bytes of the copy.
  ///
  /// - Parameters:
  ///   - source: Where they are in old.
  ///   - limit: How many bytes the copy still has, at least one; all are in old.
  ///   - newOffset: Where they go in new.
  mutating func make<Old: OldBytes & ~Copyable>(
    _ old: inout Old, from source: Int, atMost limit: Int, newOffset: UInt64,
    _ differences: inout DifferenceReader, in patch: RawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    let window = source / FieldWindow.size
    let (number, mustLoad) = order.use(window)
    if number == slots.count { slots.append(Slot()) }
    // Out of self, so that both may be changed at once.
    var slot = Slot()
    var chunk: [UInt8] = []
    swap(&slot, &slots[number])
    swap(&chunk, &self.chunk)
    defer {
      swap(&slot, &slots[number])
      swap(&chunk, &self.chunk)
    }
    if mustLoad { try load(window, into: &slot, &old) }
    let end = min((window &+ 1) &* FieldWindow.size, source &+ limit)
    do throws(PatchError) {
      let made = try Self.make(
        slot, source..<end, copyEnd: source &+ limit, newOffset, &predictor, &differences, patch,
        into: &chunk)
      ready = 0..<made
    } catch { throw .patch(error) }
  }

  /// Reads a window, and finds its fields.
  private func load<Old: OldBytes & ~Copyable>(
    _ window: Int, into slot: inout Slot, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    let range = index.range(around: window)
    // Growing would take more than the exact room.
    if slot.bytes.capacity == 0 {
      slot.bytes.reserveCapacity(FieldWindow.size &+ 2 &* FieldWindow.margin)
      slot.fields.reserveCapacity(fieldLimit)
    }
    try old.load(range, into: &slot.bytes)
    slot.base = range.lowerBound
    var storage: [Field] = []
    swap(&storage, &slot.fields)
    guard let fields = find(window, slot.bytes, range.lowerBound, storage) else {
      throw .patch(.oldMismatch)
    }
    slot.fields = fields
  }

  private func find(
    _ window: Int, _ bytes: [UInt8], _ base: Int, _ storage: consuming [Field]
  ) -> [Field]? {
    let view = WindowView(bytes.rawSpan, base: base)
    return FieldParser.parse(view, window: window, index, limit: fieldLimit, storage: storage)
  }

  /// Makes the bytes of a range of one window, and those of a field after it that the last one has.
  ///
  /// - Returns: How many.
  private static func make(
    _ slot: Slot, _ source: Range<Int>, copyEnd: Int, _ newOffset: UInt64,
    _ predictor: inout FieldPredictor, _ differences: inout DifferenceReader, _ patch: RawSpan,
    into chunk: inout [UInt8]
  ) throws(PatchError) -> Int {
    let fields = slot.fields.span
    var end = source.upperBound
    // A field that is wholly in the copy must not be cut; others are copied as they are.
    if fields.count > 0, fields[fields.count &- 1].start >= source.lowerBound,
      fields[fields.count &- 1].start < end, fields[fields.count &- 1].end <= copyEnd
    {
      end = max(end, fields[fields.count &- 1].end)
    }
    let count = end &- source.lowerBound
    var output = chunk.mutableSpan
    var bytes = unsafe output.mutableBytes
    let from = source.lowerBound &- slot.base
    slot.bytes.rawSpan.copyBytes(from..<(from &+ count), to: &bytes)
    var corrected = 0
    var next = slot.fields.firstIndex(notBefore: source.lowerBound)
    while next < fields.count {
      let field = fields[next]
      next &+= 1
      guard field.start < end, field.end <= copyEnd else { break }
      guard predictor.predicts(field.kind) else { continue }
      let at = field.start &- source.lowerBound
      let value = bytes.bytes.load(field.kind, at)
      bytes.store(
        predictor.predict(field, value, at: newOffset &+ UInt64(at)), field.kind, at)
      if FieldPredictor.learns(field.kind) {
        let end = at &+ field.kind.byteCount
        try differences.correct(&bytes, corrected..<end, in: patch)
        corrected = end
        predictor.learn(field, real: bytes.bytes.load(field.kind, at), old: value)
      }
    }
    try differences.correct(&bytes, corrected..<count, in: patch)
    return count
  }

  /// Appends bytes that were made: as many as fit. Gives how many.
  @_lifetime(output: copy output)
  mutating func take(into output: inout OutputRawSpan) -> Int {
    let count = min(ready.count, output.freeCapacity)
    let start = ready.lowerBound
    output.append(copying: chunk.rawSpan.extracting(start..<(start &+ count)))
    ready = (start &+ count)..<ready.upperBound
    return count
  }
}
