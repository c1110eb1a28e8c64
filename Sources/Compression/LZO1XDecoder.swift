internal import Bytes

/// Decompresses LZO1X, the format of `lzo1x_1_compress`, as the kernel uses it.
///
/// An instruction is one byte, some with a longer length or a distance behind it. What one means
/// depends on how many literals the one before it ended with, the *state*:
///
///     0000 LLLL   state 0: 3 + L literals; L = 0: 15 + 255 for each zero byte + the byte after them
///     0000 DDSS   state 1 to 3: 2 bytes from DD + 4 * the next byte + 1 back
///     0000 DDSS   state 4: 3 bytes from DD + 4 * the next byte + 2049 back
///     0001 HLLL   2 + L bytes (0: 7 + ...) from 16384 * H + D + 16384 back, 14 bits D and 2 of S
///                 follow; 16384 is the end
///     001L LLLL   2 + L bytes (0: 31 + ...) from D + 1 back, 14 bits of D and 2 of S follow
///     01LD DDSS   3 + L bytes from DDD + 8 * the next byte + 1 back
///     1LLD DDSS   5 + L bytes from DDD + 8 * the next byte + 1 back
///
/// Behind a copy come S literals, and S is the state; behind a run of literals it is 4. A first byte
/// over 17 stands for so many literals less 17.
struct LZO1XDecoder: ~Escapable {
  private static let farDistance = 16384

  private var input: ByteCursor
  private var state = 0
  /// Where in the output the first byte goes, and where the last may.
  private let bounds: Range<Int>

  @_lifetime(copy data)
  private init(_ data: RawSpan, _ bounds: Range<Int>) {
    input = ByteCursor(data)
    self.bounds = bounds
  }

  /// Decompresses data that is there from its first to its last byte.
  ///
  /// - Parameter bounds: the part of the output that it may fill.
  /// - Returns: how many bytes that gave.
  static func decompress(
    _ data: RawSpan, into output: inout MutableRawSpan, _ bounds: Range<Int>
  ) throws(CompressionError) -> Int {
    var decoder = LZO1XDecoder(data, bounds)
    var written = bounds.lowerBound
    try decoder.readStart(data, &output, &written)
    while try decoder.step(&output, &written) {}
    guard decoder.input.isAtEnd else { throw .damaged(offset: decoder.input.offset) }
    return written - bounds.lowerBound
  }

  @_lifetime(self: copy self)
  private mutating func readStart(
    _ data: RawSpan, _ output: inout MutableRawSpan, _ written: inout Int
  ) throws(CompressionError) {
    guard data.byteCount > 0, data[0] > 17 else { return }
    let first = try byte()
    let count = Int(first) - 17
    try copyLiterals(count, &output, &written)
    state = Swift.min(count, 4)
  }

  /// Carries one instruction out.
  ///
  /// - Returns: false at the end.
  @_lifetime(self: copy self)
  private mutating func step(
    _ output: inout MutableRawSpan, _ written: inout Int
  ) throws(CompressionError) -> Bool {
    let code = Int(try byte())
    let (count, distance): (Int, Int)
    var literals = code & 3
    switch code {
    case 0..<16 where state == 0:
      let run = try length(code, bits: 4) + 3
      try copyLiterals(run, &output, &written)
      state = 4
      return true
    case 0..<16:
      count = state == 4 ? 3 : 2
      distance = Int(try byte()) << 2 + code >> 2 + (state == 4 ? 2049 : 1)
    case 16..<32:
      count = try length(code, bits: 3) + 2
      let word = Int(try self.word())
      distance = Self.farDistance + (code & 8) << 11 + word >> 2
      literals = word & 3
      if distance == Self.farDistance {
        guard count == 3 else { throw .damaged(offset: input.offset) }
        return false
      }
    case 32..<64:
      count = try length(code, bits: 5) + 2
      let word = Int(try self.word())
      distance = word >> 2 + 1
      literals = word & 3
    default:
      count = code < 128 ? 3 + (code >> 5) & 1 : 5 + (code >> 5) & 3
      distance = Int(try byte()) << 3 + (code >> 2) & 7 + 1
    }
    try copyBack(count, distance, &output, &written)
    try copyLiterals(literals, &output, &written)
    state = literals
    return true
  }

  @_lifetime(self: copy self)
  private mutating func byte() throws(CompressionError) -> UInt8 {
    guard let byte = input.read(UInt8.self) else { throw .truncated(length: input.offset) }
    return byte
  }

  @_lifetime(self: copy self)
  private mutating func word() throws(CompressionError) -> UInt16 {
    guard let word = input.read(UInt16.self) else { throw .truncated(length: input.offset) }
    return word
  }

  /// The length in an instruction's lowest bits, or behind it.
  @_lifetime(self: copy self)
  private mutating func length(_ code: Int, bits: Int) throws(CompressionError) -> Int {
    let mask = 1 << bits - 1
    if code & mask != 0 { return code & mask }
    // At most 255 for each byte of the input: it cannot overflow.
    var length = mask
    while true {
      let next = Int(try byte())
      if next != 0 { return length + next }
      length += 255
    }
  }

  @_lifetime(self: copy self)
  private mutating func copyLiterals(
    _ count: Int, _ output: inout MutableRawSpan, _ written: inout Int
  ) throws(CompressionError) {
    guard let literals = input.take(count) else { throw .truncated(length: input.offset) }
    guard count <= bounds.upperBound - written else { throw .tooLong(limit: bounds.count) }
    for at in 0..<count {
      output.storeBytes(of: literals[at], toByteOffset: written + at, as: UInt8.self)
    }
    written += count
  }

  /// Repeats what was written before, byte by byte: it may be as short as one byte.
  private func copyBack(
    _ count: Int, _ distance: Int, _ output: inout MutableRawSpan, _ written: inout Int
  ) throws(CompressionError) {
    guard distance <= written - bounds.lowerBound else { throw .damaged(offset: input.offset) }
    guard count <= bounds.upperBound - written else { throw .tooLong(limit: bounds.count) }
    for at in written..<(written + count) {
      let byte = unsafe output.unsafeLoad(fromByteOffset: at - distance, as: UInt8.self)
      output.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
    }
    written += count
  }
}
