internal import CLZMA

/// The owner of an `lzma_stream`: the one place where liblzma is given memory and run.
@safe struct CoderStream: ~Copyable {
  private var stream: lzma_stream

  init() {
    unsafe stream = clzma_stream_init()
  }

  deinit {
    var stream = unsafe self.stream
    unsafe lzma_end(&stream)
  }

  /// How far a call came.
  struct Step {
    var code: lzma_ret
    var consumed: Int
    var produced: Int
  }

  /// Sets the stream up by one of liblzma's functions `lzma_..._encoder` or `lzma_..._decoder`;
  /// the memory of what it was before is freed or used again.
  mutating func start(
    _ body: (UnsafeMutablePointer<lzma_stream>) -> lzma_ret
  ) throws(XZError) {
    let code = unsafe body(&stream)
    guard code == LZMA_OK else { throw error(code) }
  }

  /// `lzma_code`: takes from `input`, gives to `output`, both only for the time of the call.
  mutating func run(
    _ action: lzma_action, from input: UnsafeRawBufferPointer,
    to output: UnsafeMutableRawBufferPointer
  ) -> Step {
    unsafe stream.next_in = unsafe input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.avail_in = input.count
    unsafe stream.next_out = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.avail_out = output.count
    let code = unsafe lzma_code(&stream, action)
    let step = Step(
      code: code, consumed: unsafe input.count &- stream.avail_in,
      produced: unsafe output.count &- stream.avail_out)
    unsafe stream.next_in = nil
    unsafe stream.avail_in = 0
    unsafe stream.next_out = nil
    unsafe stream.avail_out = 0
    return step
  }

  /// Calls `lzma_code` for as long as it makes progress.
  ///
  /// The last call, which finds no room, still gets past an end marker and the checks behind it.
  mutating func runThrough(
    _ action: lzma_action, from input: UnsafeRawBufferPointer,
    to output: UnsafeMutableRawBufferPointer
  ) -> Step {
    var total = Step(code: LZMA_OK, consumed: 0, produced: 0)
    while total.code == LZMA_OK {
      let step = unsafe run(
        action, from: UnsafeRawBufferPointer(rebasing: input[total.consumed...]),
        to: UnsafeMutableRawBufferPointer(rebasing: output[total.produced...]))
      total.code = step.code
      total.consumed &+= step.consumed
      total.produced &+= step.produced
      if step.consumed == 0, step.produced == 0 { break }
    }
    return total
  }

  /// How much output is made room for at a time.
  private static let outputStep = 64 << 10

  /// Encodes all of `input`, with `LZMA_FINISH` to the Stream's end, and appends what comes of it.
  mutating func append(
    _ action: lzma_action, _ input: RawSpan, into output: inout [UInt8]
  ) throws(XZError) {
    var consumed = 0
    while true {
      let step = unsafe input.withUnsafeBytes { input in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: input[consumed...])
        return unsafe output.appendOutput(atMost: Self.outputStep) {
          unsafe run(action, from: rest, to: $0)
        }
      }
      consumed &+= step.consumed
      if step.code == LZMA_STREAM_END { return }
      guard step.code == LZMA_OK else { throw error(step.code) }
      if action == LZMA_RUN, consumed == input.byteCount, step.produced < Self.outputStep {
        return
      }
    }
  }

  /// How many bytes were taken since the start.
  var totalIn: UInt64 { unsafe stream.total_in }

  /// The error that a return code of liblzma stands for.
  mutating func error(_ code: lzma_ret, memoryLimit: UInt64 = .max) -> XZError {
    switch code {
    case LZMA_MEM_ERROR: .outOfMemory
    case LZMA_MEMLIMIT_ERROR:
      .memoryLimitReached(needed: unsafe lzma_memusage(&stream), limit: memoryLimit)
    case LZMA_FORMAT_ERROR: .notXZ
    case LZMA_OPTIONS_ERROR: .unsupportedOptions
    case LZMA_UNSUPPORTED_CHECK: .unsupportedCheck
    case LZMA_DATA_ERROR: .corrupt(offset: totalIn)
    case LZMA_BUF_ERROR: .truncated(offset: totalIn)
    default: .unexpected(code: code.rawValue)
    }
  }
}
