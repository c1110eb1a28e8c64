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
}
