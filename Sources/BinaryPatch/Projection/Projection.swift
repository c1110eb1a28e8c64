internal import Bytes

/// Makes the copied bytes of a projected patch: old bytes, their fields predicted, and corrected.
struct Projection {
  private let index: FieldIndex
  private var predictor: FieldPredictor
  private var pool: FieldPool
  /// The fields that ``pool`` has the places of.
  private var fields: [Field]
  private let maxLoads: UInt64
  /// What follows old: the names of a kernel's symbols, coded anew.
  private let recoded: [UInt8]
  /// The bytes around a window whose fields are looked for, and its fields.
  private var around: [UInt8] = []
  private var found: [Field] = []
  private var chunk: [UInt8] = []
  /// How many bytes of ``chunk`` have been taken.
  private var taken = 0

  /// Goes over old once.
  ///
  /// - Throws: ``PatchError`` when the patch was made for other old bytes.
  init<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ tables: ProjectionTables, newLength: UInt64,
    _ knowledge: consuming ProjectionKnowledge,
    _ builder: (ElfImage, ResolvedTables, TypeHeads?) throws(PatchError) -> AddressMap?
  ) throws(PatchApplyError<Old.Failure>) {
    guard old.byteCount == tables.oldLength, let image = try ElfImage.read(from: &old),
      let resolved = ResolvedTables(tables, old: image, copy knowledge)
    else { throw .patch(.oldMismatch) }
    let heads = tables.typeGaps.isEmpty ? nil : try TypeHeads.read(image, of: &old)
    guard tables.typeGaps.isEmpty || heads != nil else { throw .patch(.oldMismatch) }
    let map: AddressMap?
    do throws(PatchError) { map = try builder(image, resolved, heads) } catch {
      throw .patch(error)
    }
    guard let map else { throw .patch(.oldMismatch) }
    recoded = try Self.recode(&old, tables, image)
    predictor = FieldPredictor(map: map, old: image, tables: resolved, knowledge)
    index = try FieldIndexer.index(image, windowSize: FieldWindow.size, of: &old)
    pool = FieldPool(oldLength: tables.oldLength, fieldCount: tables.fieldCount)
    let none = Field(offset: 0, kind: .relative, adjustment: 0, section: 0, target: 0)
    fields = [Field](
      repeating: none, count: FieldPool.capacity(fieldCount: tables.fieldCount))
    maxLoads = FieldPool.maxLoads(oldLength: tables.oldLength, newLength: newLength)
    chunk.reserveCapacity(FieldWindow.size &+ 8)
    found.reserveCapacity(FieldWindow.maxFields)
    around.reserveCapacity(FieldWindow.size &+ 2 &* FieldWindow.margin)
  }

  private static func recode<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ tables: ProjectionTables, _ image: ElfImage
  ) throws(PatchApplyError<Old.Failure>) -> [UInt8] {
    guard let pairs = tables.namePairs else { return [] }
    guard
      let names = try image.kernelSymbols?.recodedNames(
        pairs, limit: tables.recodedLength, of: &old),
      names.count == tables.recodedLength
    else { throw .patch(.oldMismatch) }
    return names
  }

  /// Gives away what was known before and is known now.
  mutating func takeKnowledge() -> ProjectionKnowledge {
    var knowledge = ProjectionKnowledge()
    swap(&knowledge, &predictor.knowledge)
    return knowledge
  }

  /// How many bytes are made but not taken.
  var readyCount: Int { chunk.count &- taken }

  /// A copy starts.
  mutating func startCopy() { predictor.startCopy() }

  /// Makes the next bytes of the copy.
  ///
  /// - Parameters:
  ///   - source: Where they are in old.
  ///   - limit: How many bytes the copy still has, at least one; all are in old.
  ///   - newOffset: Where they go in new.
  mutating func make<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ window: inout OldWindow, from source: Int, atMost limit: Int,
    newOffset: UInt64, _ differences: inout DifferenceReader, in patch: RawSpan
  ) throws(PatchApplyError<Old.Failure>) {
    if source >= index.image.byteCount {
      do throws(PatchError) {
        return try take(from: source &- index.image.byteCount, limit, &differences, patch)
      } catch { throw .patch(error) }
    }
    let number = source / FieldWindow.size
    let place = try place(of: number, &old)
    let copyEnd = source &+ limit
    var end = min((number &+ 1) &* FieldWindow.size, copyEnd)
    // A field that is wholly in the copy must not be cut; others are copied as they are.
    if let last = fields[place].last, last.start >= source, last.start < end, last.end <= copyEnd {
      end = max(end, last.end)
    }
    try read(&old, &window, source..<end)
    do throws(PatchError) {
      try Self.predict(
        fields, place, source, copyEnd: copyEnd, newOffset, &predictor,
        &differences, patch, in: &chunk)
    } catch { throw .patch(error) }
    // The making side goes by the bytes of a copy.
    if end > (number &+ 1) &* FieldWindow.size { _ = try self.place(of: number &+ 1, &old) }
  }

  /// Replaces what is in ``chunk`` by recoded names, corrected.
  private mutating func take(
    from start: Int, _ limit: Int, _ differences: inout DifferenceReader, _ patch: RawSpan
  ) throws(PatchError) {
    let count = min(limit, FieldWindow.size)
    taken = 0
    chunk.removeAll(keepingCapacity: true)
    let recoded = recoded
    chunk.append(copying: recoded.rawSpan.extracting(start..<(start &+ count)))
    var output = chunk.mutableSpan
    var bytes = unsafe output.mutableBytes
    try differences.correct(&bytes, 0..<count, in: patch)
  }

  /// Where the fields of a window are, which are looked for if need be.
  private mutating func place<Old: OldBytes & ~Copyable>(
    of window: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> Range<Int> {
    if let place = pool.find(window) { return place }
    return try load(window, &old)
  }

  /// Replaces what is in ``chunk`` by a range of old.
  private mutating func read<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ window: inout OldWindow, _ range: Range<Int>
  ) throws(PatchApplyError<Old.Failure>) {
    taken = 0
    chunk.removeAll(keepingCapacity: true)
    try chunk.append(upTo: range.count) { output throws(PatchApplyError<Old.Failure>) in
      while !output.isFull {
        let at = range.lowerBound &+ output.byteCount
        _ = try window.append(
          to: &output, from: UInt64(at), atMost: UInt64(range.upperBound &- at), of: &old)
      }
    }
  }

  /// Finds the fields of a window, and keeps them; gives where.
  private mutating func load<Old: OldBytes & ~Copyable>(
    _ window: Int, _ old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> Range<Int> {
    guard pool.loads < maxLoads else {
      throw .patch(.tooMuchWork(windows: pool.loads, limit: maxLoads))
    }
    let range = index.range(around: window)
    try old.load(range, into: &around)
    Self.find(window, around, range.lowerBound, index, &found)
    let place = pool.insert(window, count: found.count)
    fields.replaceSubrange(place, with: found)
    return place
  }

  private static func find(
    _ window: Int, _ bytes: [UInt8], _ base: Int, _ index: FieldIndex, _ fields: inout [Field]
  ) {
    var storage: [Field] = []
    swap(&storage, &fields)
    let view = WindowView(bytes.rawSpan, base: base)
    fields = FieldParser.parse(view, window: window, index, storage: storage)
  }

  /// Predicts and corrects old bytes.
  ///
  /// - Parameters:
  ///   - source: Where the bytes are in old.
  ///   - copyEnd: Where the copy that they belong to ends there.
  private static func predict(
    _ fields: [Field], _ place: Range<Int>, _ source: Int, copyEnd: Int, _ newOffset: UInt64,
    _ predictor: inout FieldPredictor, _ differences: inout DifferenceReader, _ patch: RawSpan,
    in chunk: inout [UInt8]
  ) throws(PatchError) {
    let fields = fields.span.extracting(place)
    let count = chunk.count
    var output = chunk.mutableSpan
    var bytes = unsafe output.mutableBytes
    var corrected = 0
    var next = fields.firstIndex(notBefore: source)
    while next < fields.count {
      let field = fields[next]
      next &+= 1
      guard field.start < source &+ count, field.end <= copyEnd else { break }
      guard predictor.predicts(field.kind) else { continue }
      let at = field.start &- source
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
  }

  /// Appends bytes that were made: as many as fit. Gives how many.
  @_lifetime(output: copy output)
  mutating func take(into output: inout OutputRawSpan) -> Int {
    let count = min(readyCount, output.freeCapacity)
    output.append(copying: chunk.rawSpan.extracting(taken..<(taken &+ count)))
    taken &+= count
    return count
  }
}
