/// A range of new that is copied from old, right or nearly.
struct CopyRange: Equatable {
  /// Where it starts in new.
  var new: Int
  /// Where it starts in old.
  var old: Int
  var count: Int

  /// How far old is ahead of new: what neighbouring bytes of one moved block have in common.
  var diagonal: Int { old &- new }
  /// Where it ends in new.
  var newEnd: Int { new &+ count }

  /// The same in two where it crosses a place of old.
  func split(atOld place: Int) -> [CopyRange] {
    let before = place &- old
    guard before > 0, before < count else { return [self] }
    return [
      CopyRange(new: new, old: old, count: before),
      CopyRange(new: new &+ before, old: place, count: count &- before),
    ]
  }
}
