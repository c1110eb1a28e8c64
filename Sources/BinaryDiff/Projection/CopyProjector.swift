internal import BinaryPatch
internal import Bytes

/// Goes over the fields inside copies as the applying side will, with what they become known.
struct CopyProjector: ~Escapable {
  let old: RawSpan
  let new: RawSpan
  let fields: [Field]
  let copies: [CopyRange]

  @_lifetime(copy old, copy new)
  init(old: RawSpan, new: RawSpan, fields: [Field], copies: [CopyRange]) {
    self.old = old
    self.new = new
    self.fields = fields
    self.copies = copies
  }

  /// Calls `body` with each field that lies wholly inside a copy, where it is in new, and its
  /// predicted, its real and its old value.
  @inline(__always)
  func forEachField(
    _ predictor: FieldPredictor,
    _ body: (
      _ field: Field, _ newOffset: Int, _ predicted: UInt64, _ real: UInt64, _ old: UInt64
    ) -> Void
  ) {
    var predictor = predictor
    let all = fields.span
    for copy in copies {
      predictor.startCopy()
      var index = fields.firstIndex(notBefore: copy.old)
      while index < all.count, all[index].end <= copy.old &+ copy.count {
        let field = all[index]
        index &+= 1
        guard predictor.predicts(field.kind) else { continue }
        let newOffset = field.start &- copy.diagonal
        let value = old.load(field.kind, field.start)
        let real = new.load(field.kind, newOffset)
        let predicted = predictor.predict(field, value, at: UInt64(newOffset)) & field.kind.mask
        body(field, newOffset, predicted, real, value)
        if FieldPredictor.learns(field.kind) { predictor.learn(field, real: real, old: value) }
      }
    }
  }
}
