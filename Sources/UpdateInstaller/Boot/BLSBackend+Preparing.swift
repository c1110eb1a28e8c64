internal import Bytes
public import Linux

// A new system's entry is written beside its kernel, where no loader looks for entries; making the
// system primary moves it to `loader/entries`. So what is prepared cannot boot before.
extension BLSBackend {
  /// Copies kernel and initrd, and writes the entry.
  ///
  /// What is called current gets an entry, too, if it has none: what boots a device before its first
  /// update is somebody else's entry, which says nothing of subvolumes' ids.
  public func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    let store = try store()
    var entries = try entries(store)
    if let (place, reason) = try entries.obstacle(on: store.partition, machine) {
      throw .unusable(path: place, reason)
    }
    try clean(store, &entries, keeping: disk.systems)
    do throws(BootError) {
      try prepareCurrent(besides: system, store, &entries, disk)
      try prepare(system, root: root, store, &entries)
    } catch {
      // What is not an entry yet is of no use. What failed may have been reading the entries anew.
      do throws(BootError) {
        var entries = try self.entries(store)
        let known = disk.systems.filter { entries.entry(of: $0.uuid) != nil }
        try clean(store, &entries, keeping: known)
      } catch {}
      throw error
    }
  }

  private func prepareCurrent(
    besides system: BootSystem, _ store: borrowing BootFileStore, _ entries: inout BLSEntries,
    _ disk: borrowing BootDisk
  ) throws(BootError) {
    guard let current = disk.system(named: DeviceNames.current), current != system,
      entries.entry(of: current.uuid) == nil
    else { return }
    let root = try disk.root(of: current)
    try prepare(current, root: root, store, &entries)
    try entries.take(
      store.descriptionName(current.uuid), in: store.directory,
      as: BLSEntryName(sequence: entries.highest + 1, uuid: current.uuid))
  }

  private func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ store: borrowing BootFileStore,
    _ entries: inout BLSEntries
  ) throws(BootError) {
    let entry = entries.entry(of: system.uuid)
    if let entry, let text = try entries.text(of: entry.text(files.token)),
      try store.isComplete(text)
    {
      return
    }
    let description = try store.add(system, root: root, machine)
    try store.write(
      store.descriptionName(system.uuid),
      description.entry(sortKey: files.token, directory: files.token))
    guard let entry else { return }
    // Its files were damaged: the same name, the new text.
    try entries.take(store.descriptionName(system.uuid), in: store.directory, as: entry)
  }

  /// Removes entries, kernels and initrds of all other systems.
  public func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {
    let store = try store()
    var entries = try entries(store)
    try clean(store, &entries, keeping: systems)
  }

  private func clean(
    _ store: borrowing BootFileStore, _ entries: inout BLSEntries, keeping systems: [BootSystem]
  ) throws(BootError) {
    let kept = Set(systems.map(\.uuid))
    try entries.clean(keeping: kept)
    var texts: [String] = []
    for name in entries.own { texts.append(try entries.text(of: name.text(files.token)) ?? "") }
    try store.clean(keeping: kept, descriptions: texts)
  }
}

extension BootDescription {
  /// As an entry of the Boot Loader Specification. It has no `version`: that would come before the
  /// name in the order of entries.
  func entry(sortKey: String, directory: String) -> String {
    var lines = [
      "title      \(title)", "sort-key   \(sortKey)", "linux      /\(directory)/\(kernel)",
    ]
    if let initrd { lines.append("initrd     /\(directory)/\(initrd)") }
    lines.append("options    \(options)")
    return lines.map { $0 + "\n" }.joined()
  }
}

extension BootDisk {
  /// The directory of a system.
  func root(of system: BootSystem) throws(BootError) -> Descriptor {
    do throws(SystemError) {
      return try directory.open(beneath: system.name, [.readOnly, .directory, .noFollow])
    } catch { throw .system(error) }
  }
}
