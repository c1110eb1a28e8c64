/// A bounds-checked cursor over borrowed bytes: the one way in which the project's parsers read.
///
/// Reading past the end gives `nil` and leaves the cursor where it was; the parser turns that into
/// its own typed error, which carries ``offset``. What is read is lent, never copied.
public struct ByteCursor: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var position: Int

  /// A cursor at the first byte.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
    self.position = 0
  }

  /// How many bytes have been read.
  @inlinable public var offset: Int { position }

  /// How many bytes are left.
  @inlinable public var remaining: Int { bytes.byteCount &- position }

  /// Whether every byte has been read.
  @inlinable public var isAtEnd: Bool { remaining == 0 }

  /// Reads a little-endian integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T? {
    guard remaining >= MemoryLayout<T>.size else { return nil }
    let value = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: T.self)
    position &+= MemoryLayout<T>.size
    return T(littleEndian: value)
  }

  /// Reads the next `count` bytes as a span into the same memory.
  @inlinable
  @_lifetime(self: copy self)
  @_lifetime(copy self)
  public mutating func take(_ count: Int) -> RawSpan? {
    guard count >= 0, remaining >= count else { return nil }
    let taken = bytes.extracting(position..<(position &+ count))
    position &+= count
    return taken
  }

  /// Reads all that is left.
  @inlinable
  @_lifetime(self: copy self)
  @_lifetime(copy self)
  public mutating func takeRest() -> RawSpan {
    let taken = bytes.extracting(position..<bytes.byteCount)
    position = bytes.byteCount
    return taken
  }

  /// Reads an unsigned LEB128 number of at most 64 bits in its shortest form.
  ///
  /// A longer form, or one with bits past the 64th, is `nil` like a cut one: one number has one
  /// spelling.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var at = position
    while at < bytes.byteCount {
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      at &+= 1
      let bits = UInt64(byte & 0x7f)
      if shift == 63, bits > 1 { return nil }
      value |= bits &<< shift
      if byte < 0x80 {
        guard byte != 0 || shift == 0 else { return nil }
        position = at
        return value
      }
      shift &+= 7
      if shift > 63 { return nil }
    }
    return nil
  }
}
