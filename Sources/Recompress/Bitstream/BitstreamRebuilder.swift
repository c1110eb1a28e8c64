internal import Bytes

/// Makes a bitstream again of its numbers.
final class BitstreamRebuilder: Rebuilder {
  /// What it may take, in bytes: abbreviations above all.
  static let memory: UInt64 = 16 << 20
  /// As many bytes as one step takes at most: numbers of ten bytes.
  private static let reserve = 10 * (BitstreamWalk.stepLength + 16)

  private var walk = BitstreamWalk()
  private var numbers = ClosedNumbers()
  private var isBegun = false

  func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    numbers.append(bytes)
    try run(whileMoreThan: Self.reserve, into: &output)
  }

  func finish(into output: inout [UInt8]) throws(RecompressError) {
    try run(whileMoreThan: -1, into: &output)
    guard numbers.left == 0, isBegun, walk.isComplete else { throw numbers.wrong }
  }

  private func run(whileMoreThan least: Int, into output: inout [UInt8]) throws(RecompressError) {
    if !isBegun, numbers.left > least {
      try numbers.bytes(BitstreamReader.magic.count)
      isBegun = true
    }
    while numbers.left > least, try walk.step(&numbers) {}
    output += numbers.writer.takeBytes()
  }
}

/// Takes varints, and writes numbers of bits.
private struct ClosedNumbers: BitstreamNumbers {
  var writer = BitWriter()
  private var input: [UInt8] = []
  private var position = 0
  /// How many bytes were dropped from the input's start.
  private var dropped: UInt64 = 0
  private var writtenBits: UInt64 = 0

  /// How many bytes were not taken yet.
  var left: Int { input.count - position }

  mutating func append(_ bytes: RawSpan) {
    input.removeSubrange(..<position)
    dropped &+= UInt64(position)
    position = 0
    input.append(copying: bytes)
  }

  var wrong: RecompressError { .recipeMismatch(offset: dropped &+ UInt64(position)) }

  private mutating func take() throws(RecompressError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < input.count, shift < 64 else { throw wrong }
      let byte = UInt64(input[position])
      guard byte & 127 <= UInt64.max &>> shift else { throw wrong }
      position &+= 1
      value |= (byte & 127) &<< shift
      if byte < 128 { return value }
      shift &+= 7
    }
  }

  private mutating func write(_ value: UInt64, _ width: Int) {
    writer.write(UInt32(truncatingIfNeeded: value), width)
    writtenBits &+= UInt64(width)
  }

  mutating func fixed(_ width: Int) throws(RecompressError) -> UInt64 {
    let value = try take()
    guard value &>> UInt64(width) == 0 else { throw wrong }
    write(value, width)
    return value
  }

  mutating func grouped(_ width: Int) throws(RecompressError) -> UInt64 {
    let value = try take()
    let isFollowed: UInt64 = 1 << UInt64(width &- 1)
    var rest = value
    while rest >= isFollowed {
      write(rest & (isFollowed &- 1) | isFollowed, width)
      rest &>>= UInt64(width &- 1)
    }
    write(rest, width)
    return value
  }

  mutating func bytes(_ count: Int) throws(RecompressError) {
    guard count <= left else { throw wrong }
    let some = Array(input[position..<position + count])
    writer.write(bytes: some.rawSpan)
    position += count
    writtenBits &+= UInt64(count) &* 8
  }

  mutating func align() throws(RecompressError) {
    while writtenBits & 31 != 0 { write(0, Int(min(8, 32 &- writtenBits & 31))) }
  }

  mutating func isAtEnd() throws(RecompressError) -> Bool { left == 0 }
}
