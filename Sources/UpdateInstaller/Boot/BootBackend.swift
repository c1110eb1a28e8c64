public import Linux

/// The way in which a device's boot loader is told which system to start, and asked which it did.
///
/// The verbs are those that RAUC has for its bootloaders, over systems instead of slots: get and set
/// primary, get and set state, get current. Two more are for loaders that read no btrfs: ``prepare``
/// and ``retain``.
///
/// The names `sys_root_current` and `sys_root_last` are always kept in step, whatever the backend:
/// they are what people and the installer go by. A backend adds what its loader goes by.
///
/// Every verb is called under the device's lock, and may be called again after a power cut: each
/// must be idempotent, must leave the old state or the new one when it is interrupted, and must have
/// what it wrote on disk before it returns. Only changes of the device's own btrfs are excepted: the
/// installer commits those.
///
/// When which is called (`N` the new system, `C` the current one, `L` the last):
///
///     activate     prepare(N) · names exchanged, committed · setPrimary(N, tries) · retain(N, C)
///     mark good    setState(N, good)
///     roll back    prepare(L) · names exchanged, committed · setPrimary(L, nil)
///     mark bad     the same, then setState(N, bad)
///     boot-check   current, state(N); the rest as mark bad, if the trial is over
///
/// If ``prepare`` throws, nothing was changed. If ``setPrimary`` throws, the names are exchanged back,
/// and ``primary`` is asked whether it took effect nevertheless; if so, it is called for the system
/// before. So an error always means that the device boots what it booted before.
public protocol BootBackend: Sendable {
  /// What the configuration calls it, for example `names`.
  var name: String { get }

  /// Whether the loader counts the tries of a trial itself, before it starts a kernel. Else
  /// `boot-check` does, which only runs when the kernel and its initramfs do.
  var countsTries: Bool { get }

  /// The system that boots next; `nil` if it is none of the device's.
  func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem?

  /// Makes a system the one that boots next.
  ///
  /// - Parameters:
  ///   - system: the system; ``prepare`` was called for it, by this activation or an earlier one.
  ///   - tries: how many times it may be started before it counts as bad; `nil` if it is good. A
  ///     system that is on trial already with fewer tries left is not given more.
  ///   - disk: the disk as it is after the names were exchanged.
  func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError)

  /// What the loader thinks of a system.
  func state(of system: BootSystem, _ disk: borrowing BootDisk) throws(BootError) -> BootState

  /// Tells the loader what was found out about a system.
  func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError)

  /// The system that the loader started for this boot; `nil` if it cannot tell, and then what `/` is
  /// decides.
  func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem?

  /// Puts what the loader needs of a system where it reads it, for example kernel and initrd; the
  /// system is not started yet.
  ///
  /// - Parameters:
  ///   - system: the system, still under the name of next; or last, before a rollback.
  ///   - root: its directory.
  ///   - disk: the disk.
  /// - Throws: ``BootError/full(path:needed:available:)`` where that does not fit, beside what is
  ///   needed for the systems that are there.
  func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError)

  /// Removes what the loader has of all other systems. That this fails keeps nobody from anything.
  func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError)

  /// What keeps trial boots from being as safe as they could be on this machine.
  func warnings() -> [BootWarning]
}

extension BootBackend {
  /// Nothing to copy.
  public func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {}

  /// Nothing was copied.
  public func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {}

  /// What has to be there for a system that hangs to come back. A loader that counts gets its turn
  /// only after a reboot, too.
  public func warnings() -> [BootWarning] {
    BootWarning.ofThisMachine().filter { !countsTries || $0 != .loaderDoesNotCount }
  }
}
