public import Bytes

/// A writable system that a boot loader can start.
///
/// It is known by its UUID. Its name is only where it is now: activating and rolling back exchange
/// names, and a backend that puts ``subvolumeID`` into what it writes (`rootflags=subvolid=257`)
/// has nothing to rewrite then.
public struct BootSystem: Hashable, Sendable {
  /// What it is called now, for example ``DeviceNames/current``.
  public var name: String
  /// Its subvolume, for all its life.
  public var uuid: SubvolumeUUID
  /// The subvolume's id: what `subvolid=` takes. It is never given to another one.
  public var subvolumeID: UInt64
  /// The version that it was made of; `nil` if that is not known.
  public var version: SystemVersion?

  /// A system.
  public init(
    name: String, uuid: SubvolumeUUID, subvolumeID: UInt64, version: SystemVersion? = nil
  ) {
    self.name = name
    self.uuid = uuid
    self.subvolumeID = subvolumeID
    self.version = version
  }
}

/// What a boot loader thinks of a system.
public enum BootState: Hashable, Sendable {
  /// It is started without counting.
  case good
  /// It is not started any more unless nothing else is left.
  case bad
  /// It is started so many times more; then it is bad.
  case trial(triesLeft: Int)
}

/// What a boot loader is told of a system.
public enum BootVerdict: String, Hashable, Sendable {
  /// It is healthy: counting ends.
  case good
  /// It is not to be started any more.
  case bad
}
