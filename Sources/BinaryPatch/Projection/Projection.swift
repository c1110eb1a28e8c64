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
  /// Copied bytes on their way to the output: the first ``held`` of them.
  private var chunk: [UInt8]
  private var held = 0
  /// Of these, how many are predicted and corrected; the others are still to come from old.
  private var ready = 0
  /// How many have been taken.
  private var taken = 0

  /// Goes over old once.
  ///
  /// - Throws: ``PatchError`` when the patch was made for other old bytes.
  init<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ tables: ProjectionTables, newLength: UInt64,
    _ knowledge: consuming ProjectionKnowledge,
    _ builder: (ElfImage, ResolvedTables, TypeHeads?) throws(PatchError) -> AddressMap?
  ) throws(PatchApplyError<Old.Failure>) {
    guard old.byteCount == tables.oldLength,
      let image = try ElfImage.read(from: &old, sectionCount: tables.sections.count),
      let resolved = ResolvedTables(tables, old: image, copy knowledge)
    else { throw .patch(.oldMismatch) }
    let map = try Self.map(&old, tables, image, resolved, builder)
    recoded = try Self.recode(&old, tables, image)
    predictor = FieldPredictor(map: map, old: image, tables: resolved, knowledge)
    index = try FieldIndexer.index(image, windowSize: FieldWindow.size, of: &old)
    pool = FieldPool(oldLength: tables.oldLength, fieldCount: tables.fieldCount)
    let none = Field(offset: 0, kind: .relative, adjustment: 0, section: 0, target: 0)
    fields = [Field](
      repeating: none, count: FieldPool.capacity(fieldCount: tables.fieldCount))
    maxLoads = FieldPool.maxLoads(oldLength: tables.oldLength, newLength: newLength)
    // A field may end in the next window.
    chunk = [UInt8](repeating: 0, count: FieldWindow.size &+ 8)
    found.reserveCapacity(FieldWindow.maxFields)
    around.reserveCapacity(FieldWindow.size &+ 2 &* FieldWindow.margin)
  }

  /// Where old addresses went. What only this takes is gone when it is made.
  private static func map<Old: OldBytes & ~Copyable>(
    _ old: inout Old, _ tables: ProjectionTables, _ image: ElfImage, _ resolved: ResolvedTables,
    _ builder: (ElfImage, ResolvedTables, TypeHeads?) throws(PatchError) -> AddressMap?
  ) throws(PatchApplyError<Old.Failure>) -> AddressMap {
    let heads = tables.typeGaps.isEmpty ? nil : try TypeHeads.read(image, of: &old)
    guard tables.typeGaps.isEmpty || heads != nil else { throw .patch(.oldMismatch) }
    let map: AddressMap?
    do throws(PatchError) { map = try builder(image, resolved, heads) } catch {
      throw .patch(error)
    }
    guard let map else { throw .patch(.oldMismatch) }
    return map
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
  var readyCount: Int { ready &- taken }

  /// A copy starts.
  mutating func startCopy() { predictor.startCopy() }

  /// Makes the next bytes of the copy, once all are taken; or says what is missing for that.
  ///
  /// - Parameters:
  ///   - source: Where they are in old.
  ///   - limit: How many bytes the copy still has, at least one; all are in old.
  ///   - newOffset: Where they go in new.
  mutating func make(
    _ pages: borrowing OldPages, from source: Int, atMost limit: Int, newOffset: UInt64,
    _ differences: inout DifferenceReader, in patch: RawSpan
  ) throws(PatchError) -> OldNeed {
    if source >= index.image.byteCount {
      try makeNames(source &- index.image.byteCount, limit, &differences, patch)
      return .nothing
    }
    let number = source / FieldWindow.size
    guard let place = pool.find(number) else { return .fields(window: number) }
    let windowEnd = (number &+ 1) &* FieldWindow.size
    let copyEnd = source &+ limit
    var end = min(windowEnd, copyEnd)
    // A field that is wholly in the copy must not be cut; others are copied as they are.
    if place.count > 0 {
      let last = fields.span[place.upperBound &- 1]
      if last.start >= source, last.start < end, last.end <= copyEnd { end = max(end, last.end) }
    }
    guard hold(source..<end, pages) else {
      return .bytes(at: UInt64(source &+ held), wanted: UInt64(copyEnd &- source &- held))
    }
    try Self.predict(
      fields, place, source, copyEnd: copyEnd, newOffset, &predictor, &differences, patch,
      in: &chunk, count: held)
    ready = held
    // The making side goes by the bytes of a copy.
    guard end > windowEnd, pool.find(number &+ 1) == nil else { return .nothing }
    return .fields(window: number &+ 1)
  }

  /// Puts recoded names into ``chunk``, and corrects them.
  private mutating func makeNames(
    _ start: Int, _ limit: Int, _ differences: inout DifferenceReader, _ patch: RawSpan
  ) throws(PatchError) {
    let count = min(limit, FieldWindow.size)
    let recoded = recoded
    var output = chunk.mutableSpan
    var bytes = unsafe output.mutableBytes
    recoded.rawSpan.copyBytes(start..<(start &+ count), to: &bytes, at: 0)
    try differences.correct(&bytes, 0..<count, in: patch)
    held = count
    ready = count
  }

  /// Puts a range of old into ``chunk``; `false`: as much of it as there is.
  private mutating func hold(_ range: Range<Int>, _ pages: borrowing OldPages) -> Bool {
    while held < range.count {
      let count = pages.copy(
        from: range.lowerBound &+ held, to: &chunk, held..<range.count)
      guard count > 0 else { return false }
      held &+= count
    }
    return true
  }

  /// Finds the fields of a window, which must be asked for by ``make(_:from:atMost:newOffset:_:in:)``,
  /// and keeps them.
  mutating func load<Old: OldBytes & ~Copyable>(
    _ window: Int, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) {
    guard pool.loads < maxLoads else {
      throw .patch(.tooMuchWork(windows: pool.loads, limit: maxLoads))
    }
    let range = index.range(around: window)
    try old.load(range, into: &around)
    keepFields(of: window, base: range.lowerBound)
  }

  private mutating func keepFields(of window: Int, base: Int) {
    Self.find(window, around, base, index, &found)
    let place = pool.insert(window, count: found.count)
    Self.copy(found, to: place, of: &fields)
  }

  /// replaceSubrange(_:with:) would move all that follows.
  private static func copy(_ found: [Field], to place: Range<Int>, of fields: inout [Field]) {
    let found = found.span
    var kept = fields.mutableSpan
    for index in found.indices { kept[place.lowerBound &+ index] = found[index] }
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
    in chunk: inout [UInt8], count: Int
  ) throws(PatchError) {
    let fields = fields.span.extracting(place)
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
    if taken == ready {
      held = 0
      ready = 0
      taken = 0
    }
    return count
  }
}
