internal import Bytes

/// The seventh stream of a projected patch: what the applying side cannot know of the new file.
///
/// All are numbers; those marked ± are signed.
///
///     parser version, mask of kinds, length of old, fields of old
///     knowledge: 0: none, nothing follows; 1: kept within this patch; 2: shared by a row of them;
///         ± first own type and ± first own string of old and of new, less those that are known
///         ± by how much further than their section the strings of BTF moved
///     segments; for each ± address, offset, file size, memory size, less those of the old segment
///     sections of old
///     sections gone; for each the index, less the previous one's, less one
///     for each other section but the null one, ± shift of its address, less the previous one's
///     for each of these, ± shift of its offset less that of its address, less the previous one's
///     pairs of tokens for the names of a kernel's symbols; unless none: how many bytes these names
///         have with them; for each the token, as how far it is below the previous one (256), less
///         one; for each the first and for each the second token of the pair
///     copies with types, or none; for each ± how many types new has before it since the last one's
///     hints; for each the start, less the end of the previous one
///     for each, length less one; for each, ± shift less the previous one's
package struct ProjectionTables: Equatable, Sendable {
  /// How a section moved.
  package struct SectionShift: Equatable, Sendable {
    package var address: UInt64
    package var offset: UInt64

    package init(address: UInt64, offset: UInt64) {
      self.address = address
      self.offset = offset
    }
  }

  /// Each has a bit for a kind of fields that are predicted; others are copied as they are.
  package var kinds: UInt64
  package var oldLength: UInt64
  /// How many fields old has: so many are kept in memory, if that is not too much.
  package var fieldCount: UInt64
  /// Whether the patch is one of a row that share what they teach.
  package var usesKnowledge: Bool
  /// Where the numbers of BTF start which are a file's own; less what ``ProjectionKnowledge`` has.
  package var oldBases: ProjectionKnowledge.Bases
  package var newBases: ProjectionKnowledge.Bases
  /// By how much further than their section the strings of BTF moved.
  package var stringsShift: UInt64
  /// As they differ from the old file's.
  package var segments: [ElfSegment]
  /// By index in the old file; `nil`: gone. The null section is not among them.
  package var sections: [SectionShift?]
  /// Sorted and disjoint.
  package var hints: [MapPiece]
  /// How new makes tokens of the names of a kernel's symbols; `nil`: those of old are not recoded.
  package var namePairs: NamePairs?
  /// For each copy that has the start of a type of BTF, how many types are between the end of those
  /// of the one before, and its own: see ``TypeRuns``. Empty: types are learned only.
  package var typeGaps: [Int64] = []
  /// How many bytes recoded names have: they follow old.
  package var recodedLength = 0

  package init(
    kinds: UInt64, oldLength: UInt64, fieldCount: UInt64, segments: [ElfSegment],
    sections: [SectionShift?], hints: [MapPiece], usesKnowledge: Bool = false,
    oldBases: ProjectionKnowledge.Bases = .init(),
    newBases: ProjectionKnowledge.Bases = .init(), stringsShift: UInt64 = 0
  ) {
    self.kinds = kinds
    self.oldLength = oldLength
    self.fieldCount = fieldCount
    self.usesKnowledge = usesKnowledge
    self.oldBases = oldBases
    self.newBases = newBases
    self.stringsShift = stringsShift
    self.segments = segments
    self.sections = sections
    self.hints = hints
  }

  /// The bit for a kind.
  package static func bit(_ kind: FieldKind) -> UInt64 { 1 &<< UInt64(kind.rawValue) }
  /// The bits for the kinds that are numbers, not places.
  package static let numberKinds = bit(.btf) | bit(.checksum) | bit(.counter)
  /// The bits for all kinds that there are.
  package static let allKinds: UInt64 = (1 << UInt64(FieldKind.allCases.count)) - 1
}
