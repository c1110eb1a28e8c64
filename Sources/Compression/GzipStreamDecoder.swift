internal import Bytes
internal import CZlib

/// Decompresses a gzip file, a piece at a time (`inflate`): one member, or several one after the
/// other, and zeros behind the last.
///
/// Memory: some 40 KiB.
@safe public struct GzipStreamDecoder: ~Copyable {
  // On the heap: zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed: UInt64 = 0

  /// Whether all members that were begun are whole: the input may end here.
  public private(set) var isWhole = false

  /// A decoder at the head of a file.
  ///
  /// - Throws: ``CompressionError/outOfMemory``.
  public init() throws(CompressionError) {
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    if unsafe czlib_inflate_init_gzip(stream) != Z_OK {
      unsafe stream.deallocate()
      throw .outOfMemory
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decompresses until the input is used up, the output is full, or a member ends.
  ///
  /// - Returns: how many bytes of `input` were taken.
  /// - Throws: ``CompressionError``.
  public mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan
  ) throws(CompressionError) -> Int {
    if isWhole {
      // Tapes and some programs fill up with zeros.
      let padding = Self.zeros(at: input)
      if padding > 0 || input.byteCount == 0 {
        consumed += UInt64(padding)
        return padding
      }
      isWhole = false
      unsafe inflateReset(stream)
    }
    let step = run(input, &output)
    consumed += UInt64(step.consumed)
    switch step.code {
    case Z_STREAM_END: isWhole = true
    case Z_MEM_ERROR: throw .outOfMemory
    // Nothing to take, or no room to write to, is no fault.
    case Z_OK, Z_BUF_ERROR: break
    default: throw .damaged(offset: Int(clamping: consumed))
    }
    return step.consumed
  }

  private mutating func run(
    _ input: RawSpan, _ output: inout OutputRawSpan
  ) -> (code: CInt, consumed: Int) {
    unsafe input.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { buffer, initialized in
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...])
        let taken = UInt32(clamping: input.count)
        let free = UInt32(clamping: room.count)
        let empty = unsafe UnsafeMutablePointer<UInt8>(bitPattern: 1)
        let bytes = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress)
        unsafe stream.pointee.next_in = bytes?.assumingMemoryBound(to: UInt8.self) ?? empty
        unsafe stream.pointee.avail_in = taken
        unsafe stream.pointee.next_out =
          room.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty
        unsafe stream.pointee.avail_out = free
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        unsafe (stream.pointee.next_in, stream.pointee.next_out) = (nil, nil)
        initialized &+= Int(free - (unsafe stream.pointee.avail_out))
        return (code, Int(taken - (unsafe stream.pointee.avail_in)))
      }
    }
  }

  private static func zeros(at input: RawSpan) -> Int {
    var count = 0
    while count < input.byteCount, input[count] == 0 { count += 1 }
    return count
  }
}
