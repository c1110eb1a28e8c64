internal import Btrfs
internal import Bytes
internal import Linux

extension LockedDevice {
  /// Writes a journal entry, makes the one step that decides, and finishes.
  ///
  /// When a step fails, the entry is brought to an end the one way or the other, so that one failed
  /// call does not leave the device half-way; if that fails, too, the journal stays for the next
  /// call.
  borrowing func carryOut(_ entry: JournalEntry) throws(InstallError) -> [DeviceChange] {
    do throws(InstallError) {
      try state.note(boot)
      try state.write(entry)
      try exchange(entry)
      let settled = try settle(entry)
      if let refusal = settled.refusal { throw refusal }
      return settled.changes
    } catch {
      let settled: Settlement
      do throws(InstallError) { settled = try settle(entry) } catch _ { throw error }
      guard settled.isFinished else { throw error }
      return settled.changes
    }
  }

  /// The step that decides. Never done in recovery: done twice, it would be undone.
  private func exchange(_ entry: JournalEntry) throws(InstallError) {
    switch entry {
    case .activate(_, next: _, let current, last: _, keepsLast: _):
      try rename(
        DeviceNames.next, to: DeviceNames.current, current == nil ? .notReplacing : .exchanging)
    case .rollBack(let current, last: _, _):
      try rename(
        DeviceNames.last, to: DeviceNames.current, current == nil ? .notReplacing : .exchanging)
    case .markGood: break
    }
  }

  /// Undoes ``exchange(_:)``, where nothing was done since: the names are what they were before.
  private func exchangeBack(_ entry: JournalEntry) throws(InstallError) {
    switch entry {
    case .activate(_, next: _, let current, last: _, keepsLast: _):
      try rename(
        DeviceNames.current, to: DeviceNames.next, current == nil ? .notReplacing : .exchanging)
    case .rollBack(let current, last: _, _):
      try rename(
        DeviceNames.current, to: DeviceNames.last, current == nil ? .notReplacing : .exchanging)
    case .markGood: return
    }
    try commit()
  }

  /// How a journal entry ended.
  struct Settlement {
    /// Whether what was begun is done; else it is undone.
    var isFinished: Bool
    /// Why the boot loader did not go along, so that it was undone.
    var refusal: InstallError?
    /// What was done besides.
    var changes: [DeviceChange] = []
  }

  /// Finishes what a journal entry began, if the step that decides was made, or takes it back.
  ///
  /// Which one it is, is seen by comparing what has the name of current now. It may be called any
  /// number of times.
  borrowing func settle(_ entry: JournalEntry) throws(InstallError) -> Settlement {
    let now = try uuid(DeviceNames.current)
    let (new, old) = entry.candidates
    guard now == new || now == old else { throw .journalMismatch(entry) }
    var settled = Settlement(isFinished: now == new)
    if settled.isFinished {
      try commit()
      settled.refusal = try tellLoader(entry)
      if settled.refusal == nil {
        try finish(entry)
      } else {
        try exchangeBack(entry)
        settled.isFinished = false
      }
    }
    if !settled.isFinished { try makeLoaderAgree() }
    try state.removeTrials(except: try uuid(DeviceNames.current))
    settled.changes += cleanLoader()
    try state.clearJournal()
    try commit()
    if case .activate = entry { settled.changes += drop(DeviceNames.next) }
    return settled
  }

  /// Tells the boot loader what was decided.
  ///
  /// - Returns: why it cannot be told; all other errors are thrown, and the journal stays.
  private func tellLoader(_ entry: JournalEntry) throws(InstallError) -> InstallError? {
    do throws(InstallError) {
      switch entry {
      case .activate(_, next: _, let current, last: _, keepsLast: _):
        // Once last is exchanged, too, the loader was told.
        if let current, try uuid(DeviceNames.next) != current { return nil }
        try setPrimaryToCurrent()
      case .rollBack(let current, last: _, let failure):
        try setPrimaryToCurrent()
        if failure != nil, let current { noteBad(current) }
      case .markGood(_, let system): try setLoaderState(.good, of: system)
      }
      return nil
    } catch {
      guard case .boot = error else { throw error }
      return error
    }
  }

  /// A loader that said no, or was cut off, may have done it nevertheless. While that cannot be put
  /// right, the journal stays, and so does whatever the loader may start.
  private func makeLoaderAgree() throws(InstallError) {
    let disk = try bootDisk()
    guard let current = disk.system(named: DeviceNames.current) else { return }
    let primary = try attemptBackend { () throws(BootError) in try boot.primary(disk) }
    if primary != current { try setPrimaryToCurrent() }
  }

  /// The loader starts another system already: that it does not learn why changes nothing.
  private func noteBad(_ system: SubvolumeUUID) {
    do throws(InstallError) { try setLoaderState(.bad, of: system) } catch {}
  }

  /// All that follows from what was decided, in the names and in the records.
  private func finish(_ entry: JournalEntry) throws(InstallError) {
    switch entry {
    case .activate(let version, next: _, let current, let last, let keepsLast):
      if !keepsLast { try moveToLast(current) }
      try commit()
      if current == nil, last == nil { try accept(version) }
      if keepsLast, let current, let replaced = try state.knownOrigins().versions[current],
        replaced != version
      {
        try note(.replaced, of: replaced)
      }
    case .rollBack(_, last: _, let failure):
      try commit()
      guard let failure else { return }
      try state.write(failure)
      if let version = failure.version { try note(.bad, of: version) }
    case .markGood(let version, let system):
      if let version { try accept(version) }
      if let failure = try state.failure(),
        failure.system == system || version != nil && failure.version == version
      {
        try state.remove(DeviceNames.failure)
      }
      try state.removeTrials(of: system)
    }
  }

  /// Gives what was current before, which is called `.next` after the exchange, the name of last.
  private func moveToLast(_ previous: SubvolumeUUID?) throws(InstallError) {
    guard let previous, try uuid(DeviceNames.next) == previous else { return }
    let mode: RenameMode = try uuid(DeviceNames.last) == nil ? .notReplacing : .exchanging
    try rename(DeviceNames.next, to: DeviceNames.last, mode)
  }

  borrowing func readJournal() throws(InstallError) -> JournalEntry? { try state.journal() }
}

extension JournalEntry {
  /// What is called current when it is done, and when it is not.
  fileprivate var candidates: (new: SubvolumeUUID, old: SubvolumeUUID?) {
    switch self {
    case .activate(_, let next, let current, last: _, keepsLast: _): (next, current)
    case .rollBack(let current, let last, _): (last, current)
    case .markGood(_, let system): (system, system)
    }
  }
}
