public import Linux

/// A backend for a loader that neither counts nor can be asked: what there is to know of systems is
/// in the device's records, and `boot-check` counts the tries there.
public protocol RecordedTrialsBackend: BootBackend {}

extension RecordedTrialsBackend {
  /// The loader does not count.
  public var countsTries: Bool { false }

  /// Nothing to copy; but where the kernel's command line names a subvolume by its id, that is what
  /// starts, whatever is exchanged.
  public func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    guard let id = disk.running.namedID, let named = disk.system(id: id),
      disk.running.uuid == nil || disk.running.uuid == named.uuid
    else { return }
    throw .unusable(
      path: "/proc/cmdline",
      "rootflags=subvolid=\(id) starts that subvolume, whatever is current")
  }

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

  /// What a trial relies on, and that the kernel's command line does not name root by its id.
  public func warnings() -> [BootWarning] { BootWarning.ofThisMachine(startsByName: true) }

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
