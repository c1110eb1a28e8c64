extension [UInt8] {
  /// The bytes of this array, borrowed.
  @inlinable
  public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      // UInt8 has no padding: every byte is initialized.
      unsafe self.span.bytes
    }
  }

  /// A copy of borrowed bytes.
  ///
  /// - Complexity: O(*n*), one `memcpy`.
  @inlinable
  public init(copying bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Appends a copy of borrowed bytes.
  ///
  /// - Complexity: O(*n*), one `memcpy`.
  @inlinable
  public mutating func append(copying bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends the bytes of an integer, the lowest first.
  @inlinable
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// Appends an unsigned number in LEB128: seven bits a byte, the lowest first.
  @inlinable
  public mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
