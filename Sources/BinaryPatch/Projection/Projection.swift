internal import Bytes

/// Makes the copied bytes of a projected patch: old bytes, their fields predicted, and corrected.
///
/// It holds the old file and all its fields in memory: what ``PatchStatistics/applyMemory`` says.
struct Projection {
  /// How many bytes are made at a time, at most.
  static let chunkSize = 64 << 10

  private let old: [UInt8]
  private let fields: [Field]
  private var predictor: FieldPredictor
  /// The next field that is not before what has been copied.
  private var nextField = 0
  private var chunk: [UInt8]
  /// What of ``chunk`` has not been taken.
  private var ready = 0..<0

  /// - Throws: ``PatchError`` when the patch was made for other old bytes.
  init(
    old: [UInt8], _ tables: ProjectionTables, copies: [CopiedRange],
    _ knowledge: ProjectionKnowledge
  ) throws(PatchError) {
    let bytes = old.rawSpan
    guard UInt64(bytes.byteCount) == tables.oldLength, let image = ElfImage(bytes),
      let resolved = ResolvedTables(tables, old: image, knowledge),
      let (fields, found) = FieldParser.parse(bytes, image), UInt64(found) == tables.fieldCount,
      let map = AddressMap(old: image, tables: resolved, copies: copies)
    else { throw .oldMismatch }
    predictor = FieldPredictor(map: map, old: image, tables: resolved, knowledge)
    self.fields = fields
    self.old = old
    chunk = [UInt8](repeating: 0, count: Self.chunkSize)
  }

  /// Gives away what was known before and is known now.
  mutating func takeKnowledge() -> ProjectionKnowledge {
    var knowledge = ProjectionKnowledge()
    swap(&knowledge, &predictor.knowledge)
    return knowledge
  }

  /// How many bytes are made but not taken.
  var readyCount: Int { ready.count }

  /// A copy starts here in old.
  mutating func startCopy(at source: UInt64) {
    predictor.startCopy()
    nextField = fields.firstIndex(notBefore: Int(truncatingIfNeeded: source))
  }

  /// Makes the next bytes of the copy.
  ///
  /// - Parameters:
  ///   - source: Where they are in old.
  ///   - limit: How many bytes the copy still has, at least one; all are in old.
  ///   - newOffset: Where they go in new.
  mutating func make(
    from source: Int, atMost limit: Int, newOffset: UInt64,
    _ differences: inout DifferenceReader, in patch: RawSpan
  ) throws(PatchError) {
    let count = countToMake(from: source, limit)
    let copyEnd = source &+ limit
    // Out of self, so that both may be changed at once.
    var chunk: [UInt8] = []
    swap(&chunk, &self.chunk)
    defer { swap(&chunk, &self.chunk) }
    var output = chunk.mutableSpan
    var bytes = unsafe output.mutableBytes
    let old = self.old
    old.rawSpan.copyBytes(source..<(source &+ count), to: &bytes)
    var corrected = 0
    let allFields = self.fields
    let fields = allFields.span
    while nextField < fields.count {
      let field = fields[nextField]
      // A field that is not wholly in the copy is copied as it is.
      guard field.start < source &+ count, field.end <= copyEnd else { break }
      nextField &+= 1
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
    ready = 0..<count
  }

  /// So many that no field that is wholly in the copy is cut.
  private func countToMake(from source: Int, _ limit: Int) -> Int {
    guard limit > Self.chunkSize else { return limit }
    let end = source &+ Self.chunkSize
    let last = fields.firstIndex(notBefore: end) &- 1
    guard last >= 0, fields[last].end > end, fields[last].end <= source &+ limit,
      fields[last].start > source
    else { return Self.chunkSize }
    return fields[last].start &- source
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
