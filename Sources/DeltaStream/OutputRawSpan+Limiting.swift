extension OutputRawSpan {
  /// Lets `body` fill at most `count` bytes of the room, which are there; gives how many it did.
  @_lifetime(self: copy self)
  mutating func append<Failure: Error>(
    atMost count: Int, _ body: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var failure: Failure?
    var got = 0
    unsafe withUnsafeMutableBytes { bytes, initialized in
      let room = unsafe UnsafeMutableRawBufferPointer(
        rebasing: bytes[initialized..<initialized + count])
      var part = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      do throws(Failure) { try body(&part) } catch { failure = error }
      got = part.byteCount
      initialized += got
    }
    if let failure { throw failure }
    return got
  }
}
