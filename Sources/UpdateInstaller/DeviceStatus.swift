public import Bytes
public import Linux

/// What is on a device's disk.
public struct DeviceStatus: Hashable, Sendable {
  /// What boots next; `nil` on an empty device.
  public var current: BootableSystem?
  /// What a rollback would make current.
  public var last: BootableSystem?
  /// The pristine versions, the oldest first.
  public var versions: [InstalledVersion]
  /// The oldest version that may still be installed; `nil` if nothing was activated yet.
  public var floor: SystemVersion?
  /// What was learned of keys.
  public var keys: DeviceKeys
  /// What the boot loader does with it.
  public var boot: BootSummary
  /// What was interrupted; the next call that changes something ends it first.
  public var pending: JournalEntry?
  /// The version that is half installed; `nil` if there is none.
  public var halfInstalled: HalfInstalledVersion?
  /// What a factory reset that is not finished has still to wipe or delete, by name; the next call
  /// that changes something tries again.
  public var leftOfReset: [String]
  /// Subvolumes that are of no use any more, or are being made at this moment.
  public var leftovers: [String]
}

/// A version whose installation was interrupted, and goes on if the same update is applied again.
public struct HalfInstalledVersion: Hashable, Sendable {
  /// The version.
  public var version: SystemVersion
  /// How many sections of its update are done.
  public var sectionsDone: Int
  /// How many there are.
  public var sectionCount: Int
}

/// A writable system: current or last.
public struct BootableSystem: Hashable, Sendable {
  /// Its subvolume.
  public var uuid: SubvolumeUUID
  /// The version that it was made of; `nil` if that is not known.
  public var version: SystemVersion?
  /// Whether it is the system that runs now, as far as that can be told: an overlay hides it.
  public var isRunning: Bool
  /// When it was made.
  public var creationTime: FileTime
}

/// A version as it was installed.
public struct InstalledVersion: Hashable, Sendable {
  /// The version.
  public var version: SystemVersion
  /// Its subvolume.
  public var uuid: SubvolumeUUID
  /// The number that the file system knows it by.
  public var subvolumeID: UInt64
  /// The subvolume of the build server that it is a copy of; zero if it came another way.
  public var receivedUUID: SubvolumeUUID
  /// Whether it can not be written to.
  public var isReadOnly: Bool
  /// Whether nothing wrote to it since it was installed; `nil` if it was not installed from an
  /// update, so that only its digest could tell.
  public var isUntouched: Bool?
  /// When it was made.
  public var creationTime: FileTime
}
