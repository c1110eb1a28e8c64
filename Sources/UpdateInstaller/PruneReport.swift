public import Bytes

/// Which versions were deleted, or would be, and why the others were not.
public struct PruneReport: Hashable, Sendable {
  /// A version that was deleted, or would be.
  public struct Deletion: Hashable, Sendable {
    /// The version.
    public var version: SystemVersion
    /// Its subvolume.
    public var uuid: SubvolumeUUID
    /// How many bytes at least come back when it is deleted; `nil` where quotas are off, which
    /// alone know.
    public var bytes: UInt64?
  }

  /// A version that stays.
  public struct Kept: Hashable, Sendable {
    /// The version.
    public var version: SystemVersion
    /// Why.
    public var reason: PruneRefusal
  }

  /// What was deleted, the oldest first.
  public var deleted: [Deletion] = []
  /// What stays, the oldest first.
  public var kept: [Kept] = []
  /// What was done besides: recovery.
  public var changes: [DeviceChange] = []
}

/// Why a version is not deleted.
public enum PruneRefusal: Hashable, Sendable {
  /// It is one of the newest.
  case newest
  /// Current is a snapshot of it: the next update starts from it.
  case madeCurrent
  /// Last is a snapshot of it: after a rollback, the next update starts from it.
  case madeLast
  /// What runs now is it, or is a snapshot of it.
  case running
  /// The update that is to be applied starts from it.
  case parent
  /// It cannot be deleted now.
  case kept(KeepReason)
}

extension PruneRefusal: CustomStringConvertible {
  /// Why, for people.
  public var description: String {
    switch self {
    case .newest: "it is one of the newest"
    case .madeCurrent: "\(DeviceNames.current) was made of it"
    case .madeLast: "\(DeviceNames.last) was made of it"
    case .running: "it runs now"
    case .parent: "the update starts from it"
    case .kept(let reason): reason.description
    }
  }
}

/// Whether old versions are deleted before an update is applied.
public enum PrunePolicy: Hashable, Sendable {
  /// They are not.
  case never
  /// As many as it takes until there is room, if there is not; the newest are kept.
  case whenShort(keeping: Int)
  /// All but the newest.
  case always(keeping: Int)

  /// How many of the newest versions stay where nothing else is said.
  public static let defaultKept = 2
}
