internal import CZstd

/// Decompresses one zstd frame, a piece at a time (`ZSTD_decompressStream`).
@safe public struct ZstdStreamDecoder: ~Copyable {
  private let context: OpaquePointer

  /// A decoder at the head of a frame.
  ///
  /// - Parameter windowLog: The largest window, as a power of two, that it may allocate.
  /// - Throws: ``ZstdError``.
  public init(windowLog: Int32) throws(ZstdError) {
    unsafe context = try unsafe Self.makeContext(windowLog)
  }

  private static func makeContext(_ windowLog: Int32) throws(ZstdError) -> OpaquePointer {
    guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory }
    do {
      try check(unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog))
    } catch {
      unsafe ZSTD_freeDCtx(context)
      throw error
    }
    return unsafe context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Decompresses until the input is used up, the output is full, or the frame ends.
  ///
  /// - Returns: How many bytes of `input` were taken, and whether the frame has ended.
  /// - Throws: ``ZstdError``.
  public mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan
  ) throws(ZstdError) -> (consumed: Int, isEnd: Bool) {
    var taken = 0
    let result = unsafe input.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { buffer, initialized in
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...])
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let result = unsafe ZSTD_decompressStream(context, &target, &source)
        initialized &+= unsafe target.pos
        taken = unsafe source.pos
        return result
      }
    }
    try check(result)
    return (taken, result == 0)
  }
}

extension ZstdError {
  static let outOfMemory = ZstdError(reason: "out of memory", code: 64)
}

/// Throws what a result of libzstd stands for, if it is an error.
@discardableResult
func check(_ result: Int) throws(ZstdError) -> Int {
  guard ZSTD_isError(result) == 0 else {
    throw ZstdError(
      reason: unsafe String(cString: ZSTD_getErrorName(result)),
      code: UInt32(truncatingIfNeeded: 0 &- result))
  }
  return result
}
