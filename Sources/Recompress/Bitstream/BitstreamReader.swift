internal import Bytes

/// Opens a bitstream: its magic number as it is, then each number as a varint.
struct BitstreamReader {
  /// What bitcode begins with.
  static let magic: [UInt8] = [0x42, 0x43, 0xc0, 0xde]
  /// How much comes out at a time, about.
  private static let chunkLength = 64 << 10

  private var walk = BitstreamWalk()
  private var numbers: OpenedNumbers
  private var isBegun = false

  init(_ source: any RandomAccessBytes, at offset: UInt64) {
    numbers = OpenedNumbers(source, at: offset)
  }

  /// How many bytes of the bitstream were taken.
  var compressedCount: UInt64 { numbers.reader.byteCount }

  /// The next opened bytes; empty at the end, which is behind the last of the outermost blocks.
  mutating func next() throws(RecompressError) -> [UInt8] {
    numbers.output.removeAll(keepingCapacity: true)
    if !isBegun {
      try numbers.bytes(Self.magic.count)
      guard numbers.output == Self.magic else { throw numbers.wrong }
      isBegun = true
    }
    while numbers.output.count < Self.chunkLength, try walk.step(&numbers) {}
    return numbers.output
  }
}

/// Takes numbers of bits, and writes varints.
private struct OpenedNumbers: BitstreamNumbers {
  var reader: BitReader
  var output: [UInt8] = []
  private let length: UInt64

  init(_ source: any RandomAccessBytes, at offset: UInt64) {
    reader = BitReader(source, at: offset)
    length = source.byteCount &- min(offset, source.byteCount)
  }

  var wrong: RecompressError { reader.corrupt }

  mutating func fixed(_ width: Int) throws(RecompressError) -> UInt64 {
    let value = try reader.read(UInt64(width))
    output.append(varint: value)
    return value
  }

  mutating func grouped(_ width: Int) throws(RecompressError) -> UInt64 {
    let isFollowed: UInt64 = 1 << UInt64(width &- 1)
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let group = try reader.read(UInt64(width))
      let digits = group & (isFollowed &- 1)
      guard shift < 64, digits <= UInt64.max &>> shift else { throw wrong }
      value |= digits &<< shift
      if group < isFollowed { break }
      shift &+= UInt64(width &- 1)
    }
    output.append(varint: value)
    return value
  }

  mutating func bytes(_ count: Int) throws(RecompressError) {
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: count))
    try reader.readBytes(into: &output, at: start, count: count)
  }

  mutating func align() throws(RecompressError) {
    guard reader.hasZeroPadding else { throw wrong }
    reader.align()
    while reader.byteCount & 3 != 0 {
      guard try reader.read(8) == 0 else { throw wrong }
    }
  }

  mutating func isAtEnd() throws(RecompressError) -> Bool {
    // What may follow is another block; its head takes eight bytes.
    guard length &- reader.byteCount >= 8 else { return true }
    return try reader.peek() & 3 != 1
  }
}
