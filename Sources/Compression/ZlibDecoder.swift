internal import Bytes
internal import CZlib

/// Decompresses whole zlib streams (`inflate`), one after the other.
@safe public struct ZlibDecoder: ~Copyable {
  // On the heap: zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>

  /// A decoder, which takes some 40 KiB.
  ///
  /// - Throws: ``CompressionError/outOfMemory``.
  public init() throws(CompressionError) {
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    if unsafe czlib_inflate_init(stream) != Z_OK {
      unsafe stream.deallocate()
      throw .outOfMemory
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decompresses one stream, whatever follows it.
  ///
  /// - Parameters:
  ///   - output: where to, from its start.
  ///   - limit: how much of it may be filled; all, if it is shorter.
  /// - Returns: how many bytes that gave.
  /// - Throws: ``CompressionError``.
  public mutating func decompress(
    _ data: RawSpan, into output: inout MutableRawSpan, upTo limit: Int
  ) throws(CompressionError) -> Int {
    guard let count = UInt32(exactly: data.byteCount),
      let room = UInt32(exactly: Swift.min(limit, output.byteCount))
    else { throw .tooLong(limit: Int(UInt32.max)) }
    let code = unsafe data.withUnsafeBytes { (input) -> CInt in
      unsafe output.withUnsafeMutableBytes { (output) -> CInt in
        let empty = unsafe UnsafeMutablePointer<UInt8>(bitPattern: 1)
        let bytes = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress)
        unsafe stream.pointee.next_in = bytes?.assumingMemoryBound(to: UInt8.self) ?? empty
        unsafe stream.pointee.avail_in = count
        unsafe stream.pointee.next_out =
          output.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty
        unsafe stream.pointee.avail_out = room
        let code = unsafe inflate(stream, Z_FINISH)
        unsafe (stream.pointee.next_in, stream.pointee.next_out) = (nil, nil)
        return code
      }
    }
    let (read, written) = unsafe (stream.pointee.total_in, stream.pointee.total_out)
    let left = unsafe stream.pointee.avail_in
    unsafe inflateReset(stream)
    switch code {
    case Z_STREAM_END: return Int(written)
    case Z_MEM_ERROR: throw .outOfMemory
    // The output is full, or the input is used up.
    case Z_OK, Z_BUF_ERROR:
      if left == 0 { throw .truncated(length: data.byteCount) }
      throw .tooLong(limit: limit)
    default: throw .damaged(offset: Int(read))
    }
  }
}
