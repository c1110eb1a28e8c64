/// A copy of a patch, as ranges of both files.
package struct CopiedRange: Equatable, Sendable {
  package var old: UInt64
  package var new: UInt64
  package var count: UInt64

  package init(old: UInt64, new: UInt64, count: UInt64) {
    self.old = old
    self.new = new
    self.count = count
  }
}

/// Makes the pieces of an ``AddressMap``.
struct MapBuilder {
  /// A part of a copy, or a hint.
  private struct Part {
    var old: UInt64
    var new: UInt64
    /// Of hints, which count first, all ones: their length is elsewhere.
    var count: UInt32
    /// Among equals, the first counts.
    var order: UInt32
  }

  private let old: ElfSegments
  private let new: ElfSegments
  private let hints: [MapPiece]
  private let limit: Int
  private var parts: [Part] = []

  /// So many pieces may copies be cut into, and as many may be left of them: what an
  /// ``AddressMap`` may cost in memory.
  static func mostPieces(_ copyCount: Int) -> Int { copyCount &+ copyCount / 2 &+ 1024 }

  /// What making the pieces takes, in bytes: the parts, where they are among those that overlap, and
  /// the pieces.
  static func memory(copyCount: Int, hintCount: Int, typeCount: Int) -> UInt64 {
    let most = UInt64(mostPieces(copyCount) &+ 3 &* typeCount &+ 3 &* hintCount)
    return most
      &* UInt64(MemoryLayout<Part>.stride &+ 4 &+ MemoryLayout<MapPiece>.stride)
      &+ UInt64(hintCount &* 2 &* MemoryLayout<MapPiece>.stride)
  }

  /// - Parameters:
  ///   - copyCount: How many copies will be added.
  ///   - hints: Sorted and disjoint.
  ///   - typeCount: How many of them have types.
  init(
    _ old: ElfSegments, _ new: ElfSegments, _ hints: [MapPiece], copyCount: Int, typeCount: Int
  ) {
    self.old = old
    self.new = new
    self.hints = hints
    limit = Self.mostPieces(copyCount) &+ 3 &* typeCount
    parts.reserveCapacity(limit &+ hints.count)
    for (order, hint) in hints.enumerated() {
      parts.append(
        Part(
          old: hint.old, new: hint.new, count: .max, order: UInt32(truncatingIfNeeded: order)))
    }
  }

  /// Cuts a copy where segments of either file start and end; `false`: into too many pieces.
  mutating func add(_ copy: CopiedRange) -> Bool {
    var copy = copy
    while copy.count > 0 {
      let source = Self.locate(copy.old, copy.count, old)
      let target = Self.locate(copy.new, copy.count, new)
      // Old has less than 4 GiB.
      let count = min(source.count, target.count, UInt64(UInt32.max &- 1))
      // A copy between loaded bytes and others says nothing.
      if source.isLoaded == target.isLoaded {
        guard parts.count < limit &+ hints.count else { return false }
        parts.append(
          Part(
            old: source.key, new: target.key, count: UInt32(truncatingIfNeeded: count),
            order: UInt32(truncatingIfNeeded: parts.count)))
      }
      copy.old &+= count
      copy.new &+= count
      copy.count &-= count
    }
    return true
  }

  /// Adds the types that a copy has; `false`: what is told of types is not about old.
  mutating func add(_ copy: CopiedRange, _ types: inout TypeRuns?) -> Bool {
    guard types != nil else { return true }
    guard let run = types?.run(from: copy.old, count: copy.count) else { return false }
    guard run.count > 0 else { return true }
    guard parts.count < limit &+ hints.count else { return false }
    parts.append(
      Part(
        old: run.old, new: run.new, count: UInt32(truncatingIfNeeded: run.count),
        order: UInt32(truncatingIfNeeded: parts.count)))
    return true
  }

  /// The key of an offset, and for how many bytes, of `count`, it is good.
  private static func locate(
    _ offset: UInt64, _ count: UInt64, _ segments: ElfSegments
  ) -> (key: UInt64, count: UInt64, isLoaded: Bool) {
    var next = UInt64.max
    let all = segments.all.span
    for index in all.indices {
      let segment = all[index]
      let into = offset &- segment.offset
      if into < segment.fileSize {
        return (segment.address &+ into, min(count, segment.fileSize &- into), true)
      }
      if segment.fileSize > 0, segment.offset > offset { next = min(next, segment.offset) }
    }
    return (offset | AddressMap.fileDomain, min(count, next &- offset), false)
  }

  /// Disjoint pieces: where some overlap, hints count, and then the longest; `nil`: too many.
  consuming func resolve() -> [MapPiece]? {
    parts.sort { ($0.old, $0.order) < ($1.old, $1.order) }
    let parts = self.parts.span
    var active = PartQueue()
    var out: [MapPiece] = []
    let mostOut = limit &+ 3 &* hints.count
    out.reserveCapacity(mostOut)
    var next = 0
    var at: UInt64 = 0
    while next < parts.count || !active.isEmpty {
      if active.isEmpty { at = parts[next].old }
      while next < parts.count, parts[next].old == at {
        active.insert(UInt32(truncatingIfNeeded: next)) { Self.isBefore(parts, $0, $1) }
        next &+= 1
      }
      guard let best = active.first else { continue }
      let part = parts[Int(best)]
      let partEnd =
        part.old &+ (part.count == .max ? hints[Int(part.order)].count : UInt64(part.count))
      guard partEnd > at else {
        active.removeFirst { Self.isBefore(parts, $0, $1) }
        continue
      }
      let end = next < parts.count ? min(partEnd, parts[next].old) : partEnd
      Self.append(
        MapPiece(old: at, new: at &+ part.new &- part.old, count: end &- at), to: &out)
      guard out.count < mostOut else { return nil }
      at = end
    }
    return out
  }

  /// Whether a part counts where it overlaps another.
  @inline(__always)
  private static func isBefore(_ parts: Span<Part>, _ one: UInt32, _ other: UInt32) -> Bool {
    let (one, other) = (parts[Int(one)], parts[Int(other)])
    return one.count != other.count ? one.count > other.count : one.order < other.order
  }

  private static func append(_ piece: MapPiece, to out: inout [MapPiece]) {
    if let last = out.last, last.oldEnd == piece.old, last.shift == piece.shift {
      out[out.count &- 1].count &+= piece.count
    } else {
      out.append(piece)
    }
  }
}

/// The parts that cover an address, the one that counts first: a binary heap.
private struct PartQueue {
  private var entries: [UInt32] = []

  var isEmpty: Bool { entries.isEmpty }
  var first: UInt32? { entries.first }

  mutating func insert(_ part: UInt32, _ isBefore: (UInt32, UInt32) -> Bool) {
    entries.append(part)
    var child = entries.count &- 1
    while child > 0, isBefore(entries[child], entries[(child &- 1) / 2]) {
      entries.swapAt((child &- 1) / 2, child)
      child = (child &- 1) / 2
    }
  }

  mutating func removeFirst(_ isBefore: (UInt32, UInt32) -> Bool) {
    entries.swapAt(0, entries.count &- 1)
    entries.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 &* parent &+ 1, 2 &* parent &+ 2] where child < entries.count {
        if isBefore(entries[child], entries[least]) { least = child }
      }
      guard least != parent else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }
}
