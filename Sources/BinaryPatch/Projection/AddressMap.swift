internal import Bytes

/// A range of old addresses that moved together.
package struct MapPiece: Equatable, Sendable {
  package var old: UInt64
  package var new: UInt64
  package var count: UInt64

  package init(old: UInt64, new: UInt64, count: UInt64) {
    self.old = old
    self.new = new
    self.count = count
  }

  @inline(__always) package var oldEnd: UInt64 { old &+ count }
  @inline(__always) package var shift: UInt64 { new &- old }
}

/// Where each old address went: what a patch's copies and hints tell, and sections for the rest.
///
/// Bytes that are in no segment have a key, too: ``fileDomain`` and their offset.
package struct AddressMap: Sendable {
  /// The bit that tells offsets in the file from addresses.
  package static let fileDomain: UInt64 = 1 << 63
  /// The bit that tells numbers of a file's own types from addresses.
  static let typeDomain: UInt64 = 1 << 62
  /// A piece tells about addresses this near to it.
  static let reach: UInt64 = 4096

  private let old: ElfImage
  private let tables: ResolvedTables
  private let keys: MapKeys
  /// Disjoint, by old key.
  private let pieces: [MapPart]
  /// What makes a key of an offset, for each segment of the new file, then for the bytes in none; and
  /// of the number of a type.
  private let newShifts: [UInt64]

  /// - Parameters:
  ///   - copies: In the order of the patch; the longest count where they overlap in old.
  /// - Returns: `nil` when segments overlap, or cut the copies into too many pieces.
  package init?(
    old: ElfImage, tables: ResolvedTables, copies: [CopiedRange], types: TypeRuns? = nil
  ) {
    let builder = MapBuilder(
      old.segments, tables.segments, copyCount: copies.count, typeCount: tables.typeGaps.count)
    guard var builder else { return nil }
    var types = types
    for copy in copies {
      guard builder.add(copy), builder.add(copy, &types) else { return nil }
    }
    self = builder.map(old, tables)
  }

  /// - Parameter pieces: Disjoint, by old key.
  init(old: ElfImage, tables: ResolvedTables, keys: MapKeys, pieces: [MapPart]) {
    self.old = old
    self.tables = tables
    self.keys = keys
    self.pieces = pieces
    newShifts =
      tables.segments.all.map { $0.address &- $0.offset } + [Self.fileDomain, Self.typeDomain]
  }

  /// Whether two keys are of one kind, so that what is said of one says something of the other.
  @inline(__always)
  private static func areRelated(_ one: UInt64, _ other: UInt64) -> Bool {
    one &>> 60 == other &>> 60
  }

  @inline(__always)
  private func piece(_ index: Int) -> MapPiece {
    let part = pieces.span[index]
    return MapPiece(
      old: keys.key(part.start), new: part.newOffset &+ newShifts.span[part.band],
      count: UInt64(part.count))
  }

  /// Where an old address, or offset with ``fileDomain``, went.
  package func map(_ target: UInt64) -> UInt64 {
    let hints = tables.hints.span
    let nextHint = hints.isEmpty ? 0 : hints.firstIndex(after: target)
    if nextHint > 0 {
      let hint = hints[nextHint &- 1]
      if target &- hint.old < hint.count { return target &+ hint.shift }
    }
    let number = keys.number(of: target)
    let pieces = pieces.span
    var next = 0
    if let number { next = pieces.firstIndex(after: number) }
    if let number, next > 0 {
      let part = pieces[next &- 1]
      let into = number &- part.start
      if into < UInt64(part.count) {
        return newShifts.span[part.band] &+ part.newOffset &+ into
      }
    }
    return mapNear(target, next, nextHint)
  }

  /// The same, when no piece and no hint has it.
  ///
  /// - Parameters:
  ///   - next: The first piece that starts after it.
  ///   - nextHint: The first hint.
  private func mapNear(_ target: UInt64, _ next: Int, _ nextHint: Int) -> UInt64 {
    let hints = tables.hints
    var below = next > 0 ? piece(next &- 1) : nil
    var above = next < pieces.count ? piece(next) : nil
    // Where a hint and a copy end together, or start, the hint counts.
    if nextHint > 0 {
      let hint = hints[nextHint &- 1]
      below = below.map { $0.oldEnd > hint.oldEnd ? $0 : hint } ?? hint
    }
    if nextHint < hints.count {
      let hint = hints[nextHint]
      above = above.map { $0.old < hint.old ? $0 : hint } ?? hint
    }
    return map(target, below, above)
  }

  /// - Parameters:
  ///   - below: The last piece that does not start after the target.
  ///   - above: The first one that does.
  @inline(__always)
  private func map(_ target: UInt64, _ below: MapPiece?, _ above: MapPiece?) -> UInt64 {
    var distance = UInt64.max
    var shift: UInt64 = 0
    if let above, Self.areRelated(above.old, target) {
      distance = above.old &- target
      shift = above.shift
    }
    if let below {
      if Self.areRelated(below.old, target), target &- below.oldEnd <= distance {
        distance = target &- below.oldEnd
        shift = below.shift
      }
    }
    return distance < Self.reach ? target &+ shift : mapBySection(target)
  }

  /// Which of new's own types one of old became; `nil`: no copy has it.
  func mapType(_ type: UInt32) -> UInt32? {
    let number = keys.number(ofType: type)
    let pieces = pieces.span
    let next = pieces.firstIndex(after: number)
    guard next > 0 else { return nil }
    let part = pieces[next &- 1]
    let into = number &- part.start
    guard into < UInt64(part.count) else { return nil }
    return UInt32(truncatingIfNeeded: part.newOffset &+ into)
  }

  private func mapBySection(_ target: UInt64) -> UInt64 {
    if Self.areRelated(target, Self.fileDomain) {
      let offset = target & ~Self.fileDomain
      guard let section = old.section(atOffset: offset),
        let shift = tables.offsetShift(ofSection: section)
      else { return target }
      return target &+ shift
    }
    guard let section = old.section(at: target),
      let shift = tables.addressShift(ofSection: section)
    else { return target }
    return target &+ shift
  }

  /// Where a place in the old file went, by offsets.
  package func mapOffset(_ offset: UInt64) -> UInt64 {
    if old.isRelocatable { return map(offset) }
    let address = old.segments.address(ofOffset: offset)
    guard address != ElfImage.unknown else {
      return map(offset | Self.fileDomain) & ~Self.fileDomain
    }
    let moved = tables.segments.offset(ofAddress: map(address))
    return moved == ElfImage.unknown ? offset : moved
  }

  /// The new address of a section's start; without a section that is left, of `base`.
  package func start(ofSection section: Int, otherwise base: UInt64) -> UInt64 {
    guard section > 0, let shift = tables.addressShift(ofSection: section) else {
      return map(base)
    }
    return old.sections[section].address &+ shift
  }

  /// The new offset of a section's start; of a section that is gone, the old one.
  package func offset(ofSection section: Int) -> UInt64 {
    old.sections[section].offset &+ (tables.offsetShift(ofSection: section) ?? 0)
  }
}

extension Span<MapPart> {
  /// The first one that starts after a number.
  @inline(__always)
  fileprivate func firstIndex(after number: UInt64) -> Int {
    partitionPoint { $0.start <= number }
  }
}

extension Span<MapPiece> {
  /// The first one that starts after a key.
  fileprivate func firstIndex(after key: UInt64) -> Int {
    partitionPoint { $0.old <= key }
  }
}
