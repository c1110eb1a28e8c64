internal import Bytes

/// Where the types of a file's `.BTF` start: so they are numbered.
package struct TypeHeads: Sendable {
  private static let chunkSize = 16 << 10
  /// What one step may read.
  private static let margin = 32

  /// Where types are in the file.
  private let range: Range<Int>
  /// One for each four bytes, as types start at multiples of that.
  private var bits: [UInt64]
  /// How many are set before each of ``bits``.
  private var counts: [UInt32]

  /// Reads all types of old.
  ///
  /// - Returns: `nil` when it has none.
  static func read<Old: OldBytes & ~Copyable>(
    _ image: ElfImage, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> TypeHeads? {
    guard image.btf > 0 else { return nil }
    let section = image.sections[image.btf].range
    var buffer: [UInt8] = []
    try old.load(section.lowerBound..<(section.lowerBound &+ 24), into: &buffer)
    let range = range(header: buffer.rawSpan, section)
    var heads = TypeHeads(range)
    var rest = RestOfType()
    var at = range.lowerBound
    while at < range.upperBound {
      let chunk = at..<min(at &+ chunkSize &+ margin, range.upperBound)
      try old.load(chunk, into: &buffer)
      let limit = chunk.upperBound == range.upperBound ? chunk.upperBound : at &+ chunkSize
      guard let next = heads.add(buffer.rawSpan, at: at, to: limit, &rest) else { break }
      at = next
    }
    heads.sum()
    return heads
  }

  /// Where types are, by `struct btf_header`, whose offsets count from its end.
  private static func range(header: RawSpan, _ section: Range<Int>) -> Range<Int> {
    let start = min(
      section.lowerBound &+ Int(header.load32(4)) &+ Int(header.load32(8)), section.upperBound)
    return start..<min(start &+ Int(header.load32(12)), section.upperBound)
  }

  /// The same of a file in memory.
  package static func read(_ bytes: RawSpan, _ image: ElfImage) -> TypeHeads? {
    unsafe bytes.withUnsafeBytes { buffer in
      var old = unsafe BorrowedBytes(buffer)
      do throws(PatchApplyError<Never>) { return try read(image, of: &old) } catch { return nil }
    }
  }

  private init(_ range: Range<Int>) {
    self.range = range
    bits = [UInt64](repeating: 0, count: range.count / 256 &+ 1)
    counts = []
  }

  /// Notes the heads from a place on; gives where the next record is, `nil`: there is none.
  private mutating func add(
    _ bytes: RawSpan, at start: Int, to limit: Int, _ rest: inout RestOfType
  ) -> Int? {
    let view = WindowView(bytes, base: start)
    var at = start
    while at < limit {
      let isHead = rest.isAtHead
      guard let next = rest.step(view, at: at, to: range.upperBound, { _, _ in }) else {
        return nil
      }
      if isHead {
        let place = (at &- range.lowerBound) / 4
        bits[place &>> 6] |= 1 &<< UInt64(place & 63)
      }
      at = next
    }
    return at
  }

  private mutating func sum() {
    var count: UInt32 = 0
    counts.reserveCapacity(bits.count)
    for word in bits {
      counts.append(count)
      count &+= UInt32(truncatingIfNeeded: word.nonzeroBitCount)
    }
  }

  /// How many types start before an offset of the file.
  @inline(__always)
  package func count(before offset: Int) -> Int {
    guard offset > range.lowerBound else { return 0 }
    let place = (min(offset, range.upperBound) &- range.lowerBound &+ 3) / 4
    let word = place &>> 6
    guard word < bits.count else { return Int(counts[counts.count &- 1]) }
    let below = bits[word] & ((1 &<< UInt64(place & 63)) &- 1)
    return Int(counts[word]) &+ below.nonzeroBitCount
  }

  /// Where the type of a number starts, which is one that starts before `end`.
  package func start(of number: Int, before end: Int) -> Int {
    var low = range.lowerBound
    var high = end
    while low < high {
      let middle = (low &+ high) / 2
      if count(before: middle) > number { high = middle } else { low = middle &+ 1 }
    }
    return low &- 1
  }
}

/// Types with numbers one after the other in both files.
struct TypeRun {
  /// The number of the first in old.
  let old: UInt32
  /// The same in new; what a patch tells may go past the last of 32 bits, and then on from 0.
  let new: UInt32
  let count: UInt32
}

/// Which types of old became which of new, as the copies of a patch tell: types that are copied one
/// after the other have numbers one after the other.
package struct TypeRuns: Sendable {
  private let heads: TypeHeads
  /// For each copy that has the start of a type, how many types new has between the last of the one
  /// before, as if all were whole, and its first.
  private let gaps: [Int64]
  private var next = 0
  private var number: Int64 = 0

  package init(_ heads: TypeHeads, gaps: [Int64]) {
    self.heads = heads
    self.gaps = gaps
  }

  /// Whether every gap was for a copy.
  var isAtEnd: Bool { next == gaps.count }

  /// The types that a copy has, if any; copies come in their order. `nil`: there is no gap for it.
  mutating func run(from start: UInt64, count: UInt64) -> TypeRun? {
    // Copies lie inside old, which has less than 4 GiB.
    let first = heads.count(before: Int(truncatingIfNeeded: start))
    let end = heads.count(before: Int(truncatingIfNeeded: start &+ count))
    guard end > first else { return TypeRun(old: 0, new: 0, count: 0) }
    guard next < gaps.count else { return nil }
    number &+= gaps[next]
    next &+= 1
    defer { number &+= Int64(end &- first) }
    return TypeRun(
      old: UInt32(truncatingIfNeeded: first), new: UInt32(truncatingIfNeeded: number),
      count: UInt32(truncatingIfNeeded: end &- first))
  }

  /// The gaps of copies, each with its start in old and in new.
  package static func gaps(
    _ old: TypeHeads, _ new: TypeHeads, _ copies: [CopiedRange]
  ) -> [Int64] {
    var gaps: [Int64] = []
    var number = 0
    for copy in copies {
      let end = Int(copy.old &+ copy.count)
      let first = old.count(before: Int(copy.old))
      let count = old.count(before: end) &- first
      guard count > 0 else { continue }
      let start = old.start(of: first, before: end)
      let place = new.count(before: start &+ Int(copy.new) &- Int(copy.old))
      gaps.append(Int64(place &- number))
      number = place &+ count
    }
    return gaps
  }
}
