public import Bytes
public import Linux

/// What a boot backend sees of a device's disk, at the moment of one call.
public struct BootDisk: ~Copyable, Sendable {
  /// The directory that holds the systems: the top level of the file system.
  public let directory: Descriptor
  /// The systems that are there: current, last, and while one is made, next. Read anew for each call.
  public let systems: [BootSystem]
  /// What runs on this machine now, as far as that can be told.
  public let running: RunningSystem
  /// The trials in the records, by the UUID of the system.
  let trials: [SubvolumeUUID: Int]

  init(
    directory: consuming Descriptor, systems: [BootSystem], running: RunningSystem,
    trials: [SubvolumeUUID: Int]
  ) {
    self.directory = directory
    self.systems = systems
    self.running = running
    self.trials = trials
  }

  /// The system under a name; `nil` if there is none.
  public func system(named name: String) -> BootSystem? { systems.first { $0.name == name } }

  /// The system with a UUID; `nil` if it is not there.
  public func system(_ uuid: SubvolumeUUID) -> BootSystem? { systems.first { $0.uuid == uuid } }

  /// The system with a subvolume's id; `nil` if it is not there.
  public func system(id: UInt64) -> BootSystem? { systems.first { $0.subvolumeID == id } }
}
