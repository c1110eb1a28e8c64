/// A window of old bytes in memory: all of old that applying a patch ever holds.
@safe struct OldWindow: ~Copyable {
  /// The window's size: enough to make long copies cheap.
  static let capacity = 64 << 10
  /// What reads are rounded to, so that a short copy costs a short read: a patch of many tiny
  /// copies must not read a whole window for each.
  static let granularity: UInt64 = 4 << 10

  private let memory: UnsafeMutableRawBufferPointer
  private var start: UInt64 = 0
  private var count = 0

  init() {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  deinit { unsafe memory.deallocate() }

  /// Appends old bytes: at least one, at most `limit`, which both must be inside old.
  ///
  /// - Returns: How many.
  @_lifetime(output: copy output)
  mutating func append<Old: OldBytes & ~Copyable>(
    to output: inout OutputRawSpan, from source: UInt64, atMost limit: UInt64, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> Int {
    if source < start || source &- start >= UInt64(count) {
      try fill(from: &old, at: source, wanted: limit)
    }
    let skipped = Int(source &- start)
    let free = min(count &- skipped, output.freeCapacity)
    let taken = Int(min(limit, UInt64(free)))
    let window = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(memory))
    output.append(copying: window.extracting(skipped..<(skipped &+ taken)))
    return taken
  }

  /// Reads old bytes so that the one at `source` is in the window.
  private mutating func fill<Old: OldBytes & ~Copyable>(
    from old: inout Old, at source: UInt64, wanted: UInt64
  ) throws(PatchApplyError<Old.Failure>) {
    let first = source & ~(Self.granularity &- 1)
    // Old bytes that claim nearly 2^64 could wrap these: then the window is empty, an error.
    let rounded = (source &+ wanted &+ Self.granularity &- 1) & ~(Self.granularity &- 1)
    let end = min(rounded, old.byteCount, first &+ UInt64(Self.capacity))
    guard end > source else { throw .patch(.oldEnded(at: source)) }
    count = 0
    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<Int(end &- first)])
    var output = unsafe OutputRawSpan(buffer: part, initializedCount: 0)
    do throws(Old.Failure) {
      try old.read(at: first, into: &output)
    } catch {
      throw .old(error)
    }
    start = first
    count = unsafe output.finalize(for: part)
    guard source &- first < UInt64(count) else {
      throw .patch(.oldEnded(at: first &+ UInt64(count)))
    }
  }
}
