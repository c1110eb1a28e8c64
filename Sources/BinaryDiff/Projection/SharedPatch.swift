internal import BinaryPatch
internal import Bytes

/// A projected patch without the numbers that other patches teach.
struct SharedPatch: Sendable {
  /// A number inside a copy.
  struct Number: Sendable {
    let field: Field
    let newOffset: Int
    let old: UInt64
  }

  let new: [UInt8]
  /// The new file as it is predicted, but for the numbers, which are right.
  let predicted: [UInt8]
  let copies: [CopyRange]
  /// Without bases.
  let tables: ProjectionTables
  /// In the order in which the applying side meets them.
  let numbers: [Number]
  let map: AddressMap
  /// Where the strings of BTF start in both files.
  let strings: (old: UInt64, new: UInt64)
  let oldBases: ProjectionKnowledge.Bases?
  let newBases: ProjectionKnowledge.Bases?

  /// The patch if all numbers were predicted right.
  func makeEstimate() -> [UInt8] { patch(predicted, tables) }

  /// By how many bytes the patch may be longer than that: a wrong number costs four differences, each
  /// with a gap; and the bases cost something.
  var mostFurtherBytes: Int { numbers.count &* 16 &+ 64 }

  func finish(_ knowledge: inout ProjectionKnowledge) -> [UInt8] {
    // Both, or none: types of one and the other belong together.
    let areKnown = oldBases != nil && newBases != nil
    let old = areKnown ? oldBases ?? .init() : knowledge.oldBases
    let new = areKnown ? newBases ?? .init() : knowledge.newBases
    var tables = tables
    tables.oldBases = old.subtracting(knowledge.oldBases)
    tables.newBases = new.subtracting(knowledge.newBases)
    knowledge.oldBases = old
    knowledge.newBases = new
    var predictor = NumberPredictor(
      old: old, new: new, strings: strings, capacity: tables.numberCapacity)
    var bytes = predicted
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    let all = numbers.span
    for index in all.indices {
      let (field, at) = (all[index].field, all[index].newOffset)
      let real = self.new.rawSpan.load(field.kind, at)
      raw.store(predictor.predict(field, all[index].old, map, knowledge), field.kind, at)
      predictor.learn(field, real: real, map, &knowledge)
    }
    return patch(bytes, tables)
  }

  private func patch(_ predicted: [UInt8], _ tables: ProjectionTables) -> [UInt8] {
    PatchWriter.projectedPatch(
      predicted: predicted.rawSpan, new: new.rawSpan, copies: copies, tables: tables.bytes)
  }
}
