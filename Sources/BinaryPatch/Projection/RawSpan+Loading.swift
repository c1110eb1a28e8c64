internal import Bytes

/// Little-endian integers at any offset. Callers prove that they are inside: outside is a trap.
extension RawSpan {
  @inline(__always) package func load16(_ offset: Int) -> UInt16 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian
  }

  @inline(__always) package func load32(_ offset: Int) -> UInt32 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian
  }

  @inline(__always) package func load64(_ offset: Int) -> UInt64 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
  }

  /// A 32-bit number, its sign extended to 64.
  @inline(__always) package func loadSigned32(_ offset: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: Int32(bitPattern: load32(offset)))
  }

  /// The NUL-terminated string at an offset into a table; empty when it does not end in time.
  package func string(at offset: Int, in table: Range<Int>, atMost longest: Int) -> [UInt8] {
    guard offset >= 0, offset < table.count else { return [] }
    let start = table.lowerBound &+ offset
    let end = Swift.min(table.upperBound, start &+ longest &+ 1)
    var at = start
    while at < end, self[at] != 0 { at &+= 1 }
    return at < end ? [UInt8](copying: extracting(start..<at)) : []
  }
}
