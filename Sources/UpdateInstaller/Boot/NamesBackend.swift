/// A loader that always starts `rootflags=subvol=sys_root_current`, and knows nothing else.
///
/// Which system has that name is all there is to decide, so nothing is written here: the names are
/// exchanged already, and the tries are in the records, where `boot-check` counts them.
public struct NamesBackend: BootBackend {
  /// The backend.
  public init() {}

  /// `names`
  public var name: String { "names" }

  /// The loader does not count.
  public var countsTries: Bool { false }

  /// What has the name of current.
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    disk.system(named: DeviceNames.current)
  }

  /// The exchange has done it.
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {}

  /// What the records say.
  public func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    disk.state(of: system)
  }

  /// The records have it.
  public func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {}

  /// The loader cannot tell.
  public func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? { nil }
}

extension BootDisk {
  /// What the records say of a system, for loaders that do not count.
  func state(of system: BootSystem) -> BootState {
    guard let triesLeft = trials[system.uuid] else { return .good }
    return triesLeft > 0 ? .trial(triesLeft: triesLeft) : .bad
  }
}
