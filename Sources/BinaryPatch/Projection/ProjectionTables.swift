internal import Bytes

/// The seventh stream of a projected patch: what the applying side cannot know of the new file.
///
/// All are numbers; those marked ± are signed.
///
///     parser version, mask of kinds, length of old, fields of old, bound of BTF's numbers
///     segments; for each ± address, offset, file size, memory size, less those of the old segment
///     sections of old
///     sections gone; for each the index, less the previous one's, less one
///     for each other section but the null one, ± shift of its address, less the previous one's
///     for each of these, ± shift of its offset less that of its address, less the previous one's
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
  /// One more than the greatest number that predicting fields of BTF will learn; 0: none.
  package var numberBound: UInt64
  /// As they differ from the old file's.
  package var segments: [ElfSegment]
  /// By index in the old file; `nil`: gone. The null section is not among them.
  package var sections: [SectionShift?]
  /// Sorted and disjoint.
  package var hints: [MapPiece]

  package init(
    kinds: UInt64, oldLength: UInt64, fieldCount: UInt64, numberBound: UInt64,
    segments: [ElfSegment], sections: [SectionShift?], hints: [MapPiece]
  ) {
    self.kinds = kinds
    self.oldLength = oldLength
    self.fieldCount = fieldCount
    self.numberBound = numberBound
    self.segments = segments
    self.sections = sections
    self.hints = hints
  }

  /// What ``numberBound`` should be for the fields of a file.
  package static func numberBound(_ fields: [Field], kinds: UInt64) -> UInt64 {
    guard kinds & bit(.btf) != 0 else { return 0 }
    return fields.reduce(0) { $1.kind == .btf ? max($0, $1.target &+ 1) : $0 }
  }

  /// The bit for a kind.
  package static func bit(_ kind: FieldKind) -> UInt64 { 1 &<< UInt64(kind.rawValue) }
  /// The bits for all kinds that there are.
  package static let allKinds: UInt64 = (1 << UInt64(FieldKind.allCases.count)) - 1
}
