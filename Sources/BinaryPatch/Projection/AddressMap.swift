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
  /// Disjoint, by old address.
  private let pieces: [MapPiece]

  /// How many ranges it holds.
  package var pieceCount: Int { pieces.count }

  /// - Parameters:
  ///   - copies: In the order of the patch; the longest count where they overlap in old.
  /// - Returns: `nil` when segments cut the copies into too many pieces.
  package init?(
    old: ElfImage, tables: ResolvedTables, copies: [CopiedRange], types: TypeRuns? = nil
  ) {
    var builder = MapBuilder(
      old.segments, tables.segments, tables.hints, copyCount: copies.count,
      typeCount: tables.typeGaps.count)
    var types = types
    for copy in copies {
      guard builder.add(copy), builder.add(copy, &types) else { return nil }
    }
    guard let pieces = builder.resolve() else { return nil }
    self.old = old
    self.tables = tables
    self.pieces = pieces
  }

  /// - Parameter pieces: Disjoint, by old address; `nil`: there are too many.
  init?(old: ElfImage, tables: ResolvedTables, pieces: [MapPiece]?) {
    guard let pieces else { return nil }
    self.old = old
    self.tables = tables
    self.pieces = pieces
  }

  /// Whether two keys are of one kind, so that what is said of one says something of the other.
  @inline(__always)
  private static func areRelated(_ one: UInt64, _ other: UInt64) -> Bool {
    one &>> 60 == other &>> 60
  }

  /// Where an old address, or offset with ``fileDomain``, went.
  package func map(_ target: UInt64) -> UInt64 {
    let pieces = pieces.span
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low &+ high) &>> 1
      if pieces[middle].old <= target { low = middle &+ 1 } else { high = middle }
    }
    var distance = UInt64.max
    var shift: UInt64 = 0
    if low < pieces.count, Self.areRelated(pieces[low].old, target) {
      distance = pieces[low].old &- target
      shift = pieces[low].shift
    }
    if low > 0 {
      let previous = pieces[low &- 1]
      if target &- previous.old < previous.count { return target &+ previous.shift }
      if Self.areRelated(previous.old, target), target &- previous.oldEnd <= distance {
        distance = target &- previous.oldEnd
        shift = previous.shift
      }
    }
    return distance < Self.reach ? target &+ shift : mapBySection(target)
  }

  /// Which of new's own types one of old became; `nil`: no copy has it.
  func mapType(_ number: UInt32) -> UInt32? {
    let key = Self.typeDomain &+ UInt64(number)
    let pieces = pieces.span
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low &+ high) &>> 1
      if pieces[middle].old <= key { low = middle &+ 1 } else { high = middle }
    }
    guard low > 0, key &- pieces[low &- 1].old < pieces[low &- 1].count else { return nil }
    return UInt32(truncatingIfNeeded: key &+ pieces[low &- 1].shift)
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
