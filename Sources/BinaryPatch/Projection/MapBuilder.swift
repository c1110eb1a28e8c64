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
enum MapBuilder {
  /// So many pieces may copies be cut into: what ``AddressMap`` may cost in memory.
  static func mostPieces(_ copyCount: Int) -> Int { 2 &* copyCount &+ 1024 }

  /// Cuts copies where segments of either file start and end; `nil`: into too many pieces.
  static func cut(
    _ copies: [CopiedRange], _ old: ElfSegments, _ new: ElfSegments
  ) -> [MapPiece]? {
    var pieces: [MapPiece] = []
    let limit = mostPieces(copies.count)
    for copy in copies {
      var copy = copy
      while copy.count > 0 {
        let source = locate(copy.old, copy.count, old)
        let target = locate(copy.new, copy.count, new)
        let count = min(source.count, target.count)
        // A copy between loaded bytes and others says nothing.
        if source.isLoaded == target.isLoaded {
          pieces.append(MapPiece(old: source.key, new: target.key, count: count))
        }
        guard pieces.count <= limit else { return nil }
        copy.old &+= count
        copy.new &+= count
        copy.count &-= count
      }
    }
    return pieces
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

  /// Disjoint pieces: where some overlap, hints count, and then the longest.
  static func resolve(_ hints: [MapPiece], _ cut: [MapPiece]) -> [MapPiece] {
    let (pieces, byStart) = rank(hints, cut)
    var active = RankQueue()
    var out: [MapPiece] = []
    out.reserveCapacity(pieces.count)
    var next = 0
    var at: UInt64 = 0
    while next < byStart.count || !active.isEmpty {
      if active.isEmpty { at = pieces[Int(byStart[next])].old }
      while next < byStart.count, pieces[Int(byStart[next])].old == at {
        active.insert(byStart[next])
        next &+= 1
      }
      guard let best = active.first else { continue }
      let piece = pieces[Int(best)]
      guard piece.oldEnd > at else {
        active.removeFirst()
        continue
      }
      let end =
        next < byStart.count ? min(piece.oldEnd, pieces[Int(byStart[next])].old) : piece.oldEnd
      append(MapPiece(old: at, new: at &+ piece.shift, count: end &- at), to: &out)
      at = end
    }
    return out
  }

  /// All pieces by rank: hints, then the longest, of equally long ones the first; and these ranks by
  /// where the pieces start.
  private static func rank(
    _ hints: [MapPiece], _ cut: [MapPiece]
  ) -> (pieces: [MapPiece], byStart: [UInt32]) {
    var order = [UInt32](cut.indices.lazy.map { UInt32(truncatingIfNeeded: $0) })
    order.sort { (cut[Int($1)].count, $0) < (cut[Int($0)].count, $1) }
    var pieces = hints
    pieces.reserveCapacity(hints.count &+ cut.count)
    for index in order { pieces.append(cut[Int(index)]) }
    var byStart = [UInt32](pieces.indices.lazy.map { UInt32(truncatingIfNeeded: $0) })
    byStart.sort { (pieces[Int($0)].old, $0) < (pieces[Int($1)].old, $1) }
    return (pieces, byStart)
  }

  private static func append(_ piece: MapPiece, to out: inout [MapPiece]) {
    if let last = out.last, last.oldEnd == piece.old, last.shift == piece.shift {
      out[out.count &- 1].count &+= piece.count
    } else {
      out.append(piece)
    }
  }
}

/// The ranks of the pieces that cover an address, the lowest first: a binary heap.
private struct RankQueue {
  private var entries: [UInt32] = []

  var isEmpty: Bool { entries.isEmpty }
  var first: UInt32? { entries.first }

  mutating func insert(_ rank: UInt32) {
    entries.append(rank)
    var child = entries.count &- 1
    while child > 0, entries[(child &- 1) / 2] > entries[child] {
      entries.swapAt((child &- 1) / 2, child)
      child = (child &- 1) / 2
    }
  }

  mutating func removeFirst() {
    entries.swapAt(0, entries.count &- 1)
    entries.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 &* parent &+ 1, 2 &* parent &+ 2] where child < entries.count {
        if entries[child] < entries[least] { least = child }
      }
      guard least != parent else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }
}
