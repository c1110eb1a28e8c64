extension [UInt8] {
  /// Appends at most `count` bytes, which `fill` writes.
  ///
  /// What `fill` wrote before it threw stays.
  ///
  /// - Complexity: O(*count*): the room is zeroed first.
  @inlinable
  public mutating func append<E: Error>(
    upTo count: Int, _ fill: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    let start = self.count
    append(contentsOf: repeatElement(0, count: count))
    var filled = 0
    defer { removeLast(count - filled) }
    var failure: E?
    unsafe withUnsafeMutableBytes { bytes in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
      var out = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      do throws(E) { try fill(&out) } catch { failure = error }
      filled = out.byteCount
    }
    if let failure { throw failure }
  }
}
