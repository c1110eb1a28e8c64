public import Bytes

/// A system that came to the device otherwise than by an update, and is known from now on.
public struct Adoption: Hashable, Sendable {
  /// Which version it is.
  public var version: SystemVersion
  /// The subvolume of that version.
  public var uuid: SubvolumeUUID
  /// Whether the modification times are what was signed, too.
  public var hasSignedTimes: Bool
  /// Whether the version had its subvolume already.
  public var wasThere: Bool
  /// What was done besides: recovery, and what was deleted.
  public var changes: [DeviceChange]
}

/// Which of an update's two trees something is.
enum AdoptedTree: Equatable {
  /// What the update starts from.
  case parent
  /// What it makes.
  case target
}
