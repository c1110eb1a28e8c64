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

/// Makes the pieces of an ``AddressMap`` from copies.
struct MapBuilder {
  private let old: ElfSegments
  private let new: ElfSegments
  private let keys: MapKeys
  private let limit: Int
  private var parts: [MapPart] = []

  /// So many parts may copies be cut into: what an ``AddressMap`` may cost in memory.
  static func mostParts(_ copyCount: Int) -> Int { copyCount &+ copyCount / 16 &+ 1024 }

  /// What an ``AddressMap`` takes in bytes: for each copy 17.
  static func memory(copyCount: Int, hintCount: Int, typeCount: Int) -> UInt64 {
    UInt64((mostParts(copyCount) &+ typeCount) &* MemoryLayout<MapPart>.stride)
      &+ hintMemory(hintCount)
  }

  /// What hints take of that: they are in the tables of the patch, too.
  static func hintMemory(_ hintCount: Int) -> UInt64 {
    UInt64(hintCount &* 2 &* MemoryLayout<MapPiece>.stride)
  }

  /// What making it takes besides: sorting needs half the room again.
  static func sortMemory(copyCount: Int, typeCount: Int) -> UInt64 {
    UInt64((mostParts(copyCount) &+ typeCount) &* MemoryLayout<MapPart>.stride / 2)
  }

  /// - Parameters:
  ///   - copyCount: How many copies will be added.
  ///   - typeCount: How many of them have types.
  /// - Returns: `nil` when segments of old overlap.
  init?(_ old: ElfSegments, _ new: ElfSegments, copyCount: Int, typeCount: Int) {
    guard let keys = MapKeys(old) else { return nil }
    self.keys = keys
    self.old = old
    self.new = new
    limit = Self.mostParts(copyCount) &+ typeCount
    parts.reserveCapacity(limit)
  }

  /// Cuts a copy where segments of either file start and end; `false`: into too many pieces, or it
  /// is past 4 GiB.
  mutating func add(_ copy: CopiedRange) -> Bool {
    guard max(copy.old, copy.new) < 1 << 32, copy.count <= (1 << 32) &- max(copy.old, copy.new)
    else { return false }
    var copy = copy
    while copy.count > 0 {
      let source = Self.locate(copy.old, copy.count, old)
      let target = Self.locate(copy.new, copy.count, new)
      let count = min(source.count, target.count, UInt64(UInt32.max))
      // A copy between loaded bytes and others says nothing.
      if (source.segment == old.all.count) == (target.segment == new.all.count) {
        guard parts.count < limit else { return false }
        parts.append(
          MapPart(
            number: keys.number(ofOffset: copy.old, in: source.segment), band: target.segment,
            newOffset: UInt32(truncatingIfNeeded: copy.new),
            count: UInt32(truncatingIfNeeded: count)))
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
    guard parts.count < limit else { return false }
    parts.append(
      MapPart(
        number: keys.number(ofType: run.old), band: new.all.count &+ 1, newOffset: run.new,
        count: run.count))
    return true
  }

  /// The segment of an offset, or how many there are, and for how many bytes, of `count`, it is that.
  private static func locate(
    _ offset: UInt64, _ count: UInt64, _ segments: ElfSegments
  ) -> (segment: Int, count: UInt64) {
    var next = UInt64.max
    let all = segments.all.span
    for index in all.indices {
      let segment = all[index]
      let into = offset &- segment.offset
      if into < segment.fileSize { return (index, min(count, segment.fileSize &- into)) }
      if segment.fileSize > 0, segment.offset > offset { next = min(next, segment.offset) }
    }
    return (all.count, min(count, next &- offset))
  }

  /// The map, where hints count first, and of copies that overlap the longest.
  ///
  /// - Parameter tables: With hints that are sorted and disjoint.
  consuming func map(_ image: ElfImage, _ tables: ResolvedTables) -> AddressMap {
    parts.sort(by: MapPart.isBefore)
    return AddressMap(
      old: image, tables: tables, keys: keys, pieces: MapSweep(parts).pieces())
  }
}
