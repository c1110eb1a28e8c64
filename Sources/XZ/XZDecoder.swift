internal import CLZMA

/// Decompresses `.xz` (`lzma_stream_decoder`), a piece at a time, without any input or output of
/// its own.
///
/// The memory that the input may make it take has a limit; what an input of a known dictionary
/// size takes is ``memoryUsage(dictionarySize:)``. After an error the decoder is of no use until it
/// is restarted.
public struct XZDecoder: ~Copyable {
  /// What a decoder waits for.
  public enum Status: Equatable, Sendable {
    /// All input was taken, and there was room for more output.
    case needsInput
    /// The output is full; there may be more without further input.
    case outputFull
    /// The Stream (when `concatenated`: the file) is whole, and its integrity checks are good.
    case streamEnd
  }

  private var coder: CoderStream
  private let memoryLimit: UInt64
  private let isConcatenated: Bool
  private var isFinishing = false

  /// A decoder of one xz Stream or of several.
  ///
  /// - Parameters:
  ///   - memoryLimit: The most that the decoder may allocate, in bytes.
  ///   - concatenated: Whether Streams that follow the first, and padding between them, are decoded
  ///     too (`LZMA_CONCATENATED`). The end then shows only in ``finish(into:)``.
  /// - Throws: ``XZError/outOfMemory``.
  public init(memoryLimit: UInt64, concatenated: Bool = false) throws(XZError) {
    self.memoryLimit = memoryLimit
    self.isConcatenated = concatenated
    self.coder = CoderStream()
    try restart()
  }

  /// Forgets what came so far and starts at the head of a Stream, using its memory again.
  ///
  /// - Throws: ``XZError/outOfMemory``.
  public mutating func restart() throws(XZError) {
    let flags = clzma_tell_unsupported_check | (isConcatenated ? clzma_concatenated : 0)
    // Zero would mean one to liblzma.
    let limit = Swift.max(memoryLimit, 1)
    try unsafe coder.start { unsafe lzma_stream_decoder($0, limit, flags) }
    isFinishing = false
  }

  /// Decompresses from `input` until it is used up, the output is full, or the Stream ends.
  ///
  /// - Parameters:
  ///   - input: The next compressed bytes. What was not consumed must be given again.
  ///   - output: Where decompressed bytes are appended.
  ///   - limit: The most bytes to append, if that is less than there is room for. With no room at
  ///     all the decoder still gets past the end of a Stream that has no more output.
  /// - Returns: How many bytes of `input` were taken, and what the decoder waits for.
  /// - Throws: ``XZError``.
  public mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan, limit: Int = .max
  ) throws(XZError) -> (consumed: Int, status: Status) {
    guard !isFinishing else { throw .alreadyFinished }
    return try run(LZMA_RUN, input, into: &output, limit: limit)
  }

  /// Says that there is no more input, and gives what is left.
  ///
  /// - Returns: ``Status/streamEnd``, or ``Status/outputFull``: then call it again with more room.
  /// - Throws: ``XZError/truncated(offset:)`` if the Stream is not whole; ``XZError``.
  public mutating func finish(into output: inout OutputRawSpan) throws(XZError) -> Status {
    isFinishing = true
    let status = try run(LZMA_FINISH, RawSpan(), into: &output, limit: .max).status
    if status == .needsInput { throw .truncated(offset: coder.totalIn) }
    return status
  }

  /// How many bytes of memory decoding takes with a dictionary of `dictionarySize` bytes
  /// (`lzma_raw_decoder_memusage`).
  ///
  /// - Throws: ``XZError/unsupportedOptions`` if there can be no such dictionary.
  public static func memoryUsage(dictionarySize: UInt32) throws(XZError) -> UInt64 {
    let filters = try LZMA2Filters(preset: 0, dictionarySize: dictionarySize)
    let usage = unsafe filters.withPointer { unsafe lzma_raw_decoder_memusage($0) }
    guard usage != .max else { throw .unsupportedOptions }
    return usage
  }

  private mutating func run(
    _ action: lzma_action, _ input: RawSpan, into output: inout OutputRawSpan, limit: Int
  ) throws(XZError) -> (consumed: Int, status: Status) {
    let room = Swift.min(output.freeCapacity, Swift.max(limit, 0))
    let step = unsafe input.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { buffer, initialized in
        let free = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[initialized..<(initialized &+ room)])
        let step = unsafe coder.runThrough(action, from: input, to: free)
        initialized &+= step.produced
        return step
      }
    }
    switch step.code {
    case LZMA_STREAM_END: return (step.consumed, .streamEnd)
    // No progress without input or without room is no fault yet.
    case LZMA_OK, LZMA_BUF_ERROR:
      return (step.consumed, step.produced == room ? .outputFull : .needsInput)
    default: throw coder.error(step.code, memoryLimit: memoryLimit)
    }
  }
}
