/// The names on a device's disk, all in one directory.
///
/// One directory, because a read-only subvolume can be renamed but not moved to another one.
public enum DeviceNames {
  /// The writable snapshot that the device runs.
  public static let current = "sys_root_current"
  /// What ``current`` was before.
  public static let last = "sys_root_last"
  /// What is going to be ``current``, or was ``last`` and is going to be deleted.
  static let next = ".sys_root_current.next"
  /// What is read of a system while its files are carried over into the next one.
  static let frozen = ".sys_root_current.frozen"
  /// The empty subvolume that takes the place of one that is wiped, and then the wiped one.
  static let emptied = ".sys_root_emptied"
  /// The directory for what must outlive every system: journal, version floor, manifests.
  public static let state = ".btrfs-update"

  /// In ``state``: held by whoever changes the device.
  static let lock = "lock"
  /// In ``state``: what is being done.
  static let journal = "journal"
  /// In ``state``: which version a snapshot is of.
  static let origins = "origins"
  /// In ``state``: the oldest version that may still be installed.
  static let floor = "floor"
  /// In ``state``: how the boot loader was told last.
  static let backend = "backend"
  /// In ``state``: which system has to prove itself.
  static let trial = "trial"
  /// In ``state``: which system last failed to.
  static let failure = "failure"
  /// In ``state``: which installed versions were found good, or failed.
  static let verdicts = "verdicts"
  /// In ``state``: which installed versions do not have the signed modification times.
  static let inexact = "inexact"
  /// In ``state``: what a factory reset has still to do.
  static let reset = "reset"
  /// In ``state``: where an interrupted apply can go on.
  static let resume = "resume"
  /// In ``state``: what goes with ``resume`` and is too long for a record.
  static func knowledge(section: Int) -> String { "\(knowledgePrefix)\(section)" }
  /// In ``state``: what updates said of keys.
  static let keys = "keys"
  /// In ``state``: the directory of the installed versions' manifests.
  static let manifests = "manifests"

  private static let versionPrefix = "sys_root_v"
  private static let stagingPrefix = ".sys_root_v"
  private static let stagingSuffix = ".staging"
  private static let checkpointSuffix = ".checkpoint"
  private static let knowledgePrefix = "resume-knowledge."
  private static let droppedPrefix = ".sys_root_dropped."

  /// The pristine, read-only subvolume of a version.
  public static func version(_ version: SystemVersion) -> String { "\(versionPrefix)\(version)" }

  /// A version while it is being made.
  static func staging(_ version: SystemVersion) -> String {
    "\(stagingPrefix)\(version)\(stagingSuffix)"
  }

  /// A version as far as it was made when a section of its update was done.
  static func checkpoint(_ version: SystemVersion, section: Int) -> String {
    "\(stagingPrefix)\(version)\(checkpointSuffix)\(section)"
  }

  /// A subvolume that is of no use any more but could not be deleted yet.
  static func dropped(id: UInt64) -> String { "\(droppedPrefix)\(id)" }

  /// The manifest of an installed version, in ``manifests``.
  static func manifest(_ version: SystemVersion) -> String { "v\(version)" }

  /// The version that a name is for; `nil` for other names.
  public static func version(named name: String) -> SystemVersion? {
    guard name.hasPrefix(versionPrefix) else { return nil }
    return SystemVersion(name.dropFirst(versionPrefix.count))
  }

  /// The version that a staging subvolume is for; `nil` for other names.
  static func staging(named name: String) -> SystemVersion? {
    guard name.hasPrefix(stagingPrefix), name.hasSuffix(stagingSuffix) else { return nil }
    return SystemVersion(name.dropFirst(stagingPrefix.count).dropLast(stagingSuffix.count))
  }

  /// Whether a name is one of the device's own subvolumes.
  static func isOfDevice(_ name: String) -> Bool {
    [current, last].contains(name) || version(named: name) != nil
      || LockedDevice.isLeftover(name)
  }

  /// Whether a name is ``checkpoint(_:section:)`` of something.
  static func isCheckpoint(_ name: String) -> Bool {
    guard name.hasPrefix(stagingPrefix), let last = name.dropFirst(1).lastIndex(of: ".") else {
      return false
    }
    let suffix = name[last...]
    return suffix.hasPrefix(checkpointSuffix)
      && SystemVersion(suffix.dropFirst(checkpointSuffix.count)) != nil
      && SystemVersion(name[..<last].dropFirst(stagingPrefix.count)) != nil
  }

  /// Whether a name is ``knowledge(section:)`` of something.
  static func isKnowledge(_ name: String) -> Bool { name.hasPrefix(knowledgePrefix) }

  /// Whether a name is ``dropped(id:)`` of something.
  static func isDropped(_ name: String) -> Bool { name.hasPrefix(droppedPrefix) }
}
