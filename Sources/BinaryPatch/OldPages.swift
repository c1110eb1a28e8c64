internal import Bytes

/// What applying needs of old before it can go on.
enum OldNeed: Equatable {
  /// Nothing: all that was asked for is done.
  case nothing
  /// The byte at an offset, and if it can be had cheaply as many as `wanted` from there on.
  case bytes(at: UInt64, wanted: UInt64)
  /// The fields of a window.
  case fields(window: Int)
}

/// Pages of old bytes in memory: all of old that applying a patch ever holds.
///
/// Each page has one place, by its number: what was read last is there. Long copies read many pages
/// at a time; of those of a patch with many tiny ones, most find their page there.
@safe struct OldPages: ~Copyable {
  /// How many bytes are kept.
  static let capacity = 128 << 10
  /// A short copy costs a read of one page, or two.
  static let pageSize = 4 << 10
  /// So many bytes are read at a time at most.
  private static let longestRead: UInt64 = 64 << 10
  private static let pageCount = capacity / pageSize
  private static let none = UInt64.max

  private let memory: UnsafeMutableRawBufferPointer
  /// The number of the page in each place.
  private var numbers = [UInt64](repeating: none, count: pageCount)

  init() {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  deinit { unsafe memory.deallocate() }

  /// Appends old bytes that are here: from `source` on at most `limit`, which must be inside old.
  ///
  /// - Returns: How many; 0: the first is not here.
  @_lifetime(output: copy output)
  func append(to output: inout OutputRawSpan, from source: UInt64, atMost limit: UInt64) -> Int {
    let range = place(of: source, atMost: min(limit, UInt64(output.freeCapacity)))
    let memory = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(memory))
    output.append(copying: memory.extracting(range))
    return range.count
  }

  /// Copies old bytes that are here to a range of others.
  ///
  /// - Returns: How many; 0: the first is not here.
  func copy(from source: Int, to bytes: inout [UInt8], _ target: Range<Int>) -> Int {
    let range = place(of: UInt64(source), atMost: UInt64(target.count))
    let memory = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(memory))
    var span = bytes.mutableSpan
    var room = unsafe span.mutableBytes
    memory.copyBytes(range, to: &room, at: target.lowerBound)
    return range.count
  }

  /// Where bytes from `source` on lie one behind the other, at most `limit`.
  private func place(of source: UInt64, atMost limit: UInt64) -> Range<Int> {
    let count = held(from: source, atMost: limit)
    let start = Int(truncatingIfNeeded: source % UInt64(Self.capacity))
    return start..<(start &+ count)
  }

  /// How many there are; 0: the first is not here.
  private func held(from source: UInt64, atMost limit: UInt64) -> Int {
    let size = UInt64(Self.pageSize)
    let numbers = numbers.span
    var number = source / size
    var place = Int(truncatingIfNeeded: number % UInt64(Self.pageCount))
    guard numbers[place] == number else { return 0 }
    var count = size &- source % size
    while count < limit, place &+ 1 < Self.pageCount, numbers[place &+ 1] == number &+ 1 {
      place &+= 1
      number &+= 1
      count &+= size
    }
    return Int(truncatingIfNeeded: min(count, limit))
  }

  /// Reads the page of the byte at `source`, and those of the `wanted` bytes from there on as far
  /// as one read goes.
  ///
  /// - Throws: What old throws; or ``PatchError/oldEnded(at:)`` when it has fewer bytes than it says.
  mutating func fill<Old: OldBytes & ~Copyable>(
    from old: inout Old, at source: UInt64, wanted: UInt64
  ) throws(PatchApplyError<Old.Failure>) {
    let size = UInt64(Self.pageSize)
    let first = source / size &* size
    let place = first % UInt64(Self.capacity)
    let length = old.byteCount
    guard source < length else { throw .patch(.oldEnded(at: source)) }
    // Copies are inside old: this is past its end by less than a page.
    let needed = (min(wanted, Self.longestRead) &+ (source &- first) &+ size &- 1) / size &* size
    let count = min(needed, Self.longestRead, UInt64(Self.capacity) &- place, length &- first)
    let part = Int(truncatingIfNeeded: place)..<Int(truncatingIfNeeded: place &+ count)
    try read(part, of: &old, at: first)
    for page in 0..<((part.count &+ Self.pageSize &- 1) / Self.pageSize) {
      numbers[part.lowerBound / Self.pageSize &+ page] = first / size &+ UInt64(page)
    }
  }

  private mutating func read<Old: OldBytes & ~Copyable>(
    _ part: Range<Int>, of old: inout Old, at offset: UInt64
  ) throws(PatchApplyError<Old.Failure>) {
    for page in (part.lowerBound / Self.pageSize)...((part.upperBound &- 1) / Self.pageSize) {
      numbers[page] = Self.none
    }
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[part])
    var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    do throws(Old.Failure) {
      try old.read(at: offset, into: &output)
    } catch {
      throw .old(error)
    }
    let count = unsafe output.finalize(for: room)
    guard count == part.count else { throw .patch(.oldEnded(at: offset &+ UInt64(count))) }
  }
}
