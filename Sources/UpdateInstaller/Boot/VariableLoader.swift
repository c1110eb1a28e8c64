internal import Bytes
internal import Linux

/// A loader that goes by a ``BootChoice`` in its variables, and by a description of each system on
/// the boot partition, in its own language: GRUB and U-Boot.
///
/// All that a verb changes of the variables is one write, which the conforming type makes whole.
protocol VariableLoader: BootBackend {
  var files: BootFiles { get }
  var machine: BootMachine { get }
  /// The suffix of systems' descriptions.
  var suffix: String { get }
  /// What the loader reads to start a system; `nil` if it cannot be said in its language.
  func text(_ description: BootDescription) -> String?
  /// Reads the variables.
  func choice() throws(BootError) -> BootChoice
  /// Writes the variables: all or nothing.
  func write(_ choice: BootChoice) throws(BootError)
}

extension VariableLoader {
  /// The loader counts before it starts a kernel.
  public var countsTries: Bool { true }

  private func store() throws(BootError) -> BootFileStore {
    try BootFileStore(files, suffix: suffix)
  }

  /// What the variables say.
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    try choice().next.flatMap { disk.system($0) }
  }

  /// Makes it the first one.
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    guard try store().description(system.uuid) != nil else {
      throw .unknownSystem(system.uuid)
    }
    var choice = try choice()
    choice.setFirst(system.uuid, tries: tries)
    try write(choice)
  }

  /// What the variables say; of a system that they do not name, that it is bad: it is not started.
  public func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    if let state = try choice().state(of: system.uuid) { return state }
    guard try store().description(system.uuid) != nil else {
      throw .unknownSystem(system.uuid)
    }
    return .bad
  }

  /// Good: no counting any more. Bad: none left, or not what comes back.
  public func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {
    var choice = try choice()
    choice.set(verdict, of: system.uuid)
    try write(choice)
  }

  /// By the kernel's command line.
  public func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    machine.systemOnCommandLine(disk)
  }

  /// Copies kernel and initrd, and writes the description.
  ///
  /// If the variables name no system of the device yet, what is called current is put into them: it
  /// is what comes back.
  public func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    let store = try store()
    let choice = try choice()
    try store.clean(keeping: Set(disk.systems.map(\.uuid)))
    let isKnown = try store.description(system.uuid) != nil
    do throws(BootError) {
      try prepareCurrent(besides: system, choice, store, disk)
      try add(system, root: root, store)
    } catch {
      do throws(BootError) {
        var kept = Set(disk.systems.map(\.uuid))
        if !isKnown { kept.remove(system.uuid) }
        try store.clean(keeping: kept)
      } catch {}
      throw error
    }
  }

  private func prepareCurrent(
    besides system: BootSystem, _ choice: BootChoice, _ store: borrowing BootFileStore,
    _ disk: borrowing BootDisk
  ) throws(BootError) {
    guard let current = disk.system(named: DeviceNames.current), current != system else { return }
    if try store.description(current.uuid) == nil {
      let root = try disk.root(of: current)
      try add(current, root: root, store)
    }
    // What the variables name may be of a system that was here before.
    if let first = choice.first, disk.system(first) != nil { return }
    var choice = BootChoice()
    choice.setFirst(current.uuid, tries: nil)
    try write(choice)
  }

  private func add(
    _ system: BootSystem, root: borrowing Descriptor, _ store: borrowing BootFileStore
  ) throws(BootError) {
    if let known = try store.description(system.uuid), try store.isComplete(known) { return }
    guard let text = text(try store.add(system, root: root, machine)) else {
      throw .malformed(path: "etc/kernel/cmdline", "the loader takes no quotes, $, ; or \\ in it")
    }
    try store.write(store.descriptionName(system.uuid), text)
  }

  /// Removes descriptions, kernels and initrds of all other systems.
  public func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {
    let kept = Set(systems.map(\.uuid))
    var choice = try choice()
    let before = choice
    choice.retain(kept)
    if choice != before { try write(choice) }
    try store().clean(keeping: kept)
  }
}

extension BootDescription {
  /// Whether no loader's language takes anything in the options for more than itself.
  var hasPlainOptions: Bool { !options.utf8.contains { Self.special.contains($0) } }

  private static let special = Set("\"'`\\$;".utf8)
}
