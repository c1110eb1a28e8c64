internal import Bytes

/// The parts of a patch, in the order in which they follow its header.
public enum PatchStream: Int, CaseIterable, Sendable {
  /// For each copy, how many inserted bytes come before it; numbers.
  case insertLengths
  /// For each copy, how many bytes it has; numbers.
  case copyLengths
  /// For each copy, where in old it starts, against where one would expect it; zigzag numbers.
  case sources
  /// For each wrong copied byte, how many correct ones come before it; numbers.
  case gaps
  /// For each wrong copied byte, new minus old; bytes.
  case differences
  /// All inserted bytes.
  case inserted
  /// What predicting fields takes; only in a patch of kind ``PatchKind/projected``.
  case projection

  /// Where the streams of a patch are.
  package static func ranges(in patch: RawSpan) throws(PatchError) -> [Range<Int>] {
    let layout = try PatchLayout(patch, limits: .standard)
    return allCases.map { layout.cursor($0).offset..<layout.cursor($0).end }
  }

  /// Those that a patch of a kind has.
  static func all(of kind: PatchKind) -> ArraySlice<PatchStream> {
    kind == .projected ? allCases[...] : allCases.dropLast()
  }
}
