internal import Bytes
internal import DeltaStream
internal import SendStream

/// The blocks of one file on their way into the plan.
///
/// A block that is as it was is not written. Zeros of 64 KiB and more, of programs 16 MiB, are a hole, whether
/// the tree has one there or not: so the plan does not depend on the file system that the tree is on.
/// Shorter ones are written with what is beside them, since a hole would cut the run that is patched.
struct FileBlocks {
  private let path: [UInt8]
  private let oldSize: UInt64
  private let newSize: UInt64
  private let punchesHoles: Bool
  private var minimumHole = Self.standardHole
  /// How far it was written.
  private var writtenEnd: UInt64 = 0
  /// Zeros of which it is not known yet how many they are.
  private var zeros: Range<UInt64> = 0..<0
  /// Whether there was something else than these zeros.
  private var zerosReplaceData = false

  static let blockLength = 4096
  /// The shortest hole in bytes.
  private static let standardHole: UInt64 = 64 << 10
  /// The same of programs: a hole would have them patched in parts, without their addresses predicted.
  private static let programHole: UInt64 = 16 << 20
  private static let zeroBytes = [UInt8](repeating: 0, count: 64 << 10)

  private enum Kind { case same, zeros, newZeros, data }

  /// The blocks of a file of `newSize` bytes that had `oldSize`; 0 for one that was just made.
  init(path: [UInt8], oldSize: UInt64, newSize: UInt64, punchesHoles: Bool) {
    self.path = path
    self.oldSize = oldSize
    self.newSize = newSize
    self.punchesHoles = punchesHoles
  }

  /// Says, before the first bytes, that the file is a program.
  mutating func keepZerosOfProgram() { minimumHole = Self.programHole }

  /// Takes the next bytes of the file, whole blocks or up to its end, and those that were there.
  mutating func add(
    _ new: RawSpan, over old: RawSpan, at offset: UInt64, _ sink: inout PlanSink
  ) throws(BuildError) {
    var (start, end) = (0, 0)
    while end < new.byteCount {
      let blockEnd = Swift.min(end + Self.blockLength, new.byteCount)
      let kind = Self.kind(of: end..<blockEnd, new, old)
      if kind != .data {
        try write(new.extracting(start..<end), at: offset + UInt64(start), &sink)
        start = blockEnd
        try take(kind, offset + UInt64(end)..<offset + UInt64(blockEnd), &sink)
      }
      end = blockEnd
    }
    try write(new.extracting(start..<end), at: offset + UInt64(start), &sink)
  }

  private static func kind(of block: Range<Int>, _ new: RawSpan, _ old: RawSpan) -> Kind {
    let bytes = new.extracting(block)
    let isZero = zeroBytes.rawSpan.extracting(first: bytes.byteCount).hasSameBytes(as: bytes)
    if block.lowerBound >= old.byteCount { return isZero ? .zeros : .data }
    let before = old.extracting(
      block.lowerBound..<Swift.min(block.upperBound, old.byteCount))
    let shared = bytes.commonPrefixLength(with: before)
    // What the file did not reach yet is zero once it is longer.
    if shared == before.byteCount {
      let rest = bytes.extracting(droppingFirst: shared)
      if zeroBytes.rawSpan.extracting(first: rest.byteCount).hasSameBytes(as: rest) { return .same }
    }
    return isZero ? .newZeros : .data
  }

  /// How many blocks of `new` hold other data than before; holes are made at no cost.
  static func changedCount(from old: RawSpan, to new: RawSpan) -> Int {
    var count = 0
    for start in stride(from: 0, to: new.byteCount, by: blockLength) {
      let block = start..<Swift.min(start + blockLength, new.byteCount)
      if kind(of: block, new, old) == .data { count += 1 }
    }
    return count
  }

  /// Takes a block that need not be written as it is.
  private mutating func take(
    _ kind: Kind, _ block: Range<UInt64>, _ sink: inout PlanSink
  ) throws(BuildError) {
    if kind == .same { return try settle(&sink) }
    if zeros.isEmpty { (zeros, zerosReplaceData) = (block, false) }
    zeros = zeros.lowerBound..<block.upperBound
    if kind == .newZeros { zerosReplaceData = true }
  }

  private mutating func write(
    _ data: RawSpan, at offset: UInt64, _ sink: inout PlanSink
  ) throws(BuildError) {
    if data.byteCount == 0 { return }
    try settle(followedByData: true, &sink)
    try sink.write(data, to: path, at: offset)
    writtenEnd = offset + UInt64(data.byteCount)
  }

  /// Decides what becomes of zeros, now that it is known how many they are.
  private mutating func settle(
    followedByData: Bool = false, _ sink: inout PlanSink
  ) throws(BuildError) {
    if zeros.isEmpty { return }
    defer { zeros = 0..<0 }
    let isLong = zeros.upperBound - zeros.lowerBound >= minimumHole
    let isBesideData =
      followedByData || zeros.lowerBound > 0 && writtenEnd == zeros.lowerBound
    if isLong, zerosReplaceData, punchesHoles {
      return try punch(&sink)
    }
    // Where nothing was, nothing need be written.
    if zerosReplaceData || !isLong && isBesideData { try writeZeros(&sink) }
  }

  private func punch(_ sink: inout PlanSink) throws(BuildError) {
    let block = UInt64(Self.blockLength)
    let end = Swift.min(zeros.upperBound, (oldSize + block - 1) / block * block)
    // FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE, as the kernel sends it.
    let mode: UInt32 = 1 | 2
    try sink.write(
      .allocate(
        path: path.rawSpan, mode: mode, offset: zeros.lowerBound, size: end - zeros.lowerBound),
      of: path)
  }

  private mutating func writeZeros(_ sink: inout PlanSink) throws(BuildError) {
    // Behind the old end there are zeros anyway.
    let isLong = zeros.upperBound - zeros.lowerBound >= minimumHole
    let end =
      isLong ? Swift.min(zeros.upperBound, Swift.max(oldSize, zeros.lowerBound)) : zeros.upperBound
    var offset = zeros.lowerBound
    while offset < end {
      let count = Int(Swift.min(end - offset, UInt64(Self.zeroBytes.count)))
      try sink.write(Self.zeroBytes.rawSpan.extracting(first: count), to: path, at: offset)
      offset += UInt64(count)
      writtenEnd = offset
    }
  }

  /// Ends the file.
  mutating func finish(_ sink: inout PlanSink) throws(BuildError) {
    try settle(&sink)
    if Swift.max(oldSize, writtenEnd) != newSize {
      try sink.write(.truncate(path: path.rawSpan, size: newSize), of: path)
    }
  }
}
