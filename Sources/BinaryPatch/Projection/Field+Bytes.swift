internal import Bytes

extension RawSpan {
  /// The value of a field, as an unsigned number.
  @inline(__always)
  package func load(_ kind: FieldKind, _ at: Int) -> UInt64 {
    switch kind.byteCount {
    case 8: load64(at)
    case 3: UInt64(load16(at)) | UInt64(self[at &+ 2]) &<< 16
    default: UInt64(load32(at))
    }
  }

  /// Copies bytes to a place in others, which must have room.
  func copyBytes(_ range: Range<Int>, to target: inout MutableRawSpan, at start: Int) {
    unsafe target.withUnsafeMutableBytes { target in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...])
      unsafe extracting(range).withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}

extension MutableRawSpan {
  /// Sets the value of a field.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func store(_ value: UInt64, _ kind: FieldKind, _ at: Int) {
    if kind.byteCount == 8 {
      storeBytes(of: value.littleEndian, toByteOffset: at, as: UInt64.self)
    } else if kind.byteCount == 3 {
      storeBytes(
        of: UInt16(truncatingIfNeeded: value).littleEndian, toByteOffset: at, as: UInt16.self)
      storeBytes(
        of: UInt8(truncatingIfNeeded: value &>> 16), toByteOffset: at &+ 2, as: UInt8.self)
    } else {
      storeBytes(
        of: UInt32(truncatingIfNeeded: value).littleEndian, toByteOffset: at, as: UInt32.self)
    }
  }
}

extension Span where Element == Field {
  /// The first field that does not start before an offset; fields are in order.
  package func firstIndex(notBefore offset: Int) -> Int {
    partitionPoint { $0.start < offset }
  }
}

extension [Field] {
  /// The first field that does not start before an offset; fields are in order.
  package func firstIndex(notBefore offset: Int) -> Int { span.firstIndex(notBefore: offset) }
}
