extension Span {
  /// The first index whose element does not satisfy a condition, or `count`.
  ///
  /// All elements that satisfy it come before all that do not.
  ///
  /// - Complexity: O(log *n*) calls of `isBefore`.
  @inlinable @inline(__always)
  public func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) &>> 1
      if isBefore(self[middle]) { low = middle &+ 1 } else { high = middle }
    }
    return low
  }
}
