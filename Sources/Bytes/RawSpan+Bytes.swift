extension RawSpan {
  /// The byte at an offset; traps outside the span.
  @inlinable
  public subscript(offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether a byte occurs.
  @inlinable
  public func contains(_ byte: UInt8) -> Bool {
    for at in 0..<byteCount where self[at] == byte { return true }
    return false
  }

  /// Whether both spans hold the same bytes.
  ///
  /// - Complexity: O(*n*), eight bytes a step.
  @inlinable
  public func hasSameBytes(as other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return commonPrefixLength(with: other) == byteCount
  }

  /// How many leading bytes both spans share.
  ///
  /// - Complexity: O(*n*), eight bytes a step.
  @inlinable
  public func commonPrefixLength(with other: RawSpan) -> Int {
    let end = Swift.min(byteCount, other.byteCount)
    var at = 0
    while at &+ 8 <= end {
      let mine = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let theirs = unsafe other.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let difference = (mine ^ theirs).littleEndian
      if difference != 0 { return at &+ difference.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < end, self[at] == other[at] { at &+= 1 }
    return at
  }
}
