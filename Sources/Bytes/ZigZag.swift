extension Int64 {
  /// The number as an unsigned one in which small magnitudes stay small: 0, -1, 1, -2 become
  /// 0, 1, 2, 3.
  @inlinable public var zigZagEncoded: UInt64 {
    UInt64(bitPattern: (self &<< 1) ^ (self &>> 63))
  }

  /// The number that ``zigZagEncoded`` gave `encoded` for.
  @inlinable
  public init(zigZag encoded: UInt64) {
    self = Int64(bitPattern: encoded &>> 1) ^ -Int64(bitPattern: encoded & 1)
  }
}
