extension OutputRawSpan {
  /// Appends a copy of borrowed bytes, which must fit.
  ///
  /// - Complexity: O(*n*), one `memcpy`.
  @_lifetime(self: copy self)
  mutating func append(copying bytes: RawSpan) {
    unsafe withUnsafeMutableBytes { buffer, count in
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      // Traps when the bytes do not fit, as append(_:) does.
      unsafe bytes.withUnsafeBytes { unsafe free.copyMemory(from: $0) }
      count &+= bytes.byteCount
    }
  }
}
