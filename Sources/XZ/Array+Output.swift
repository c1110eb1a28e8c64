internal import CLZMA

extension [UInt8] {
  /// Makes room at the end, and keeps what was produced there.
  mutating func appendOutput(
    atMost count: Int, _ body: (UnsafeMutableRawBufferPointer) -> CoderStream.Step
  ) -> CoderStream.Step {
    var step = CoderStream.Step(code: LZMA_OK, consumed: 0, produced: 0)
    append(addingCapacity: count) { room in
      unsafe room.withUnsafeMutableBufferPointer { buffer, initialized in
        step = unsafe body(UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
        initialized = step.produced
      }
    }
    return step
  }
}
