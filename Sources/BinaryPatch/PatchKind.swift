/// What a patch's first byte says: how its difference bytes are to be understood.
///
/// A released number never changes its meaning; a new behaviour is a new number.
public enum PatchKind: UInt8, Sendable {
  /// Differences are against the copied old bytes themselves.
  case plain = 1
}
