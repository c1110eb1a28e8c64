internal import Bytes
internal import CZstd

/// Decompresses whole zstd frames (`ZSTD_decompressDCtx`), one after the other.
@safe public struct ZstdDecoder: ~Copyable {
  private let context: OpaquePointer

  /// A decoder, which takes some 160 KiB, whatever frames say: the output is its window.
  ///
  /// - Throws: ``CompressionError/outOfMemory``.
  public init() throws(CompressionError) {
    guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory }
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Decompresses one frame, whatever follows it.
  ///
  /// - Parameters:
  ///   - output: where to, from its start.
  ///   - limit: how much of it may be filled; all, if it is shorter.
  /// - Returns: how many bytes that gave.
  /// - Throws: ``CompressionError``.
  public mutating func decompress(
    _ data: RawSpan, into output: inout MutableRawSpan, upTo limit: Int
  ) throws(CompressionError) -> Int {
    let result = unsafe data.withUnsafeBytes { (input) -> Int in
      unsafe output.withUnsafeMutableBytes { (output) -> Int in
        let count = unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
        if ZSTD_isError(count) != 0 { return count }
        return unsafe ZSTD_decompressDCtx(
          context, output.baseAddress, Swift.min(limit, output.count), input.baseAddress, count)
      }
    }
    if ZSTD_isError(result) == 0 { return result }
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_memory_allocation: throw .outOfMemory
    case ZSTD_error_srcSize_wrong: throw .truncated(length: data.byteCount)
    case ZSTD_error_dstSize_tooSmall: throw .tooLong(limit: limit)
    default: throw .damaged(offset: 0)
    }
  }
}
