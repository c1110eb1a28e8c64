/// What a patch's first byte says: how its difference bytes are to be understood.
///
/// A released number never changes its meaning; a new behaviour is a new number.
public enum PatchKind: UInt8, Sendable {
  /// Differences are against the copied old bytes themselves.
  case plain = 1
  /// Differences are against copied old bytes whose fields were predicted: see ``FieldPredictor``.
  case projected = 2

  /// The number of the feature that a device must have to apply such patches; `nil`: all have it.
  ///
  /// A manifest names the features that its patches need.
  public var feature: UInt64? {
    switch self {
    case .plain: nil
    case .projected: Self.projectionFeature
    }
  }

  /// Patches of kind ``projected`` with version 1 of the parser of executables.
  public static let projectionFeature: UInt64 = 1
}
