internal import Bytes
internal import Linux

/// systemd-boot, or another loader that reads entries of the Boot Loader Specification and counts
/// tries in their names.
///
/// Each system has an entry with `rootflags=subvolid=`, so that exchanging names changes nothing of
/// it, and kernel and initrd on the boot partition. Making a system primary is one rename, which puts
/// its entry first and says how many tries it has; a power cut leaves the old name or the new one.
public struct BLSBackend: BootBackend {
  let files: BootFiles
  let machine: BootMachine

  /// The backend for a boot partition that has `loader/entries` and the directory of the token.
  public init(_ files: BootFiles) { self.init(files, BootMachine()) }

  init(_ files: BootFiles, _ machine: BootMachine) {
    (self.files, self.machine) = (files, machine)
  }

  /// `bls`
  public var name: String { "bls" }

  /// The loader counts before it starts a kernel.
  public var countsTries: Bool { true }

  func store() throws(BootError) -> BootFileStore { try BootFileStore(files, suffix: "conf") }

  func entries(_ store: borrowing BootFileStore) throws(BootError) -> BLSEntries {
    try BLSEntries(on: store.partition, token: files.token)
  }

  /// The first of our entries; `nil` also if the loader does not go by their order.
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    let store = try store()
    let entries = try entries(store)
    guard try entries.obstacle(on: store.partition, machine) == nil else { return nil }
    return entries.own.first.flatMap { disk.system($0.uuid) }
  }

  /// Gives the entry the highest number, and the tries.
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    let store = try store()
    var entries = try entries(store)
    let highest = entries.highest
    let counter = tries.map { BLSEntryName.Counter(left: $0) }
    guard let entry = entries.entry(of: system.uuid) else {
      guard try store.description(system.uuid) != nil else {
        throw .unknownSystem(system.uuid)
      }
      try entries.take(
        store.descriptionName(system.uuid), in: store.directory,
        as: BLSEntryName(sequence: highest + 1, uuid: system.uuid, counter: counter))
      return
    }
    var new = entry
    if entry.sequence < highest {
      new.sequence = highest + 1
      new.counter = counter
    } else if counter == nil || entry.counter == nil {
      // It is what boots: done before, and interrupted then. What was counted since stays.
      new.counter = counter
    }
    try entries.rename(entry, to: new)
  }

  /// What the entry's name says.
  public func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    let store = try store()
    guard let entry = try entries(store).entry(of: system.uuid) else {
      throw .unknownSystem(system.uuid)
    }
    return entry.state
  }

  /// Good: without a counter. Bad: none left.
  public func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {
    let store = try store()
    var entries = try entries(store)
    guard let entry = entries.entry(of: system.uuid) else {
      throw .unknownSystem(system.uuid)
    }
    try entries.rename(entry, to: entry.with(verdict))
  }

  /// By the kernel's command line, else by the EFI variable `LoaderEntrySelected`.
  public func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    if let system = machine.systemOnCommandLine(disk) { return system }
    guard let selected = machine.loaderVariable("LoaderEntrySelected") else { return nil }
    // Some loaders leave out the suffix.
    let name = selected.hasSuffix(".conf") ? selected : selected + ".conf"
    return BLSEntryName(name, token: files.token).flatMap { disk.system($0.uuid) }
  }
}
