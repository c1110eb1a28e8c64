/// The six parts of a patch, in the order in which they follow its header.
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
}
