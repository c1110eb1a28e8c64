/// The tables of a patch, put beside the old file that they are about.
package struct ResolvedTables: Sendable {
  /// The new file's.
  package let segments: ElfSegments
  package var hints: [MapPiece]
  package let kinds: UInt64
  package let typeGaps: [Int64]
  /// How many numbers of each kind may be learned.
  let numberCapacity: Int
  package let oldBases: ProjectionKnowledge.Bases
  package let newBases: ProjectionKnowledge.Bases
  /// By how much the strings of BTF moved in the file.
  let stringsShift: UInt64
  private let sections: [ProjectionTables.SectionShift?]

  /// - Parameter knowledge: What the patches before have left, if it is used.
  /// - Returns: `nil` when the tables are about another file, or tell impossible segments.
  package init?(
    _ tables: ProjectionTables, old: ElfImage, _ knowledge: ProjectionKnowledge = .init()
  ) {
    guard tables.sections.count == max(old.sections.count &- 1, 0) else { return nil }
    var segments: [ElfSegment] = []
    for (index, difference) in tables.segments.enumerated() {
      let base = index < old.segments.all.count ? old.segments.all[index] : ElfSegment()
      segments.append(
        ElfSegment(
          address: base.address &+ difference.address, offset: base.offset &+ difference.offset,
          fileSize: base.fileSize &+ difference.fileSize,
          memorySize: base.memorySize &+ difference.memorySize))
    }
    guard let segments = ElfSegments(segments) else { return nil }
    self.segments = segments
    hints = tables.hints
    kinds = tables.kinds
    typeGaps = tables.typeGaps
    numberCapacity = tables.numberCapacity
    oldBases = tables.oldBases.added(to: knowledge.oldBases)
    newBases = tables.newBases.added(to: knowledge.newBases)
    sections = [nil] + tables.sections
    stringsShift = (sections[old.btf]?.offset ?? 0) &+ tables.stringsShift
  }

  /// By how much a section's address moved; `nil`: it is gone.
  func addressShift(ofSection index: Int) -> UInt64? { sections[index]?.address }
  /// By how much its place in the file moved; `nil`: it is gone.
  func offsetShift(ofSection index: Int) -> UInt64? { sections[index]?.offset }
}
