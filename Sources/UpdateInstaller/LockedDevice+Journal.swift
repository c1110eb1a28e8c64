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
      try state.write(entry)
      try exchange(entry)
      return try settle(entry).changes
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
    case .activate(_, next: _, let current, last: _):
      try rename(
        DeviceNames.next, to: DeviceNames.current, current == nil ? .notReplacing : .exchanging)
    case .rollBack(let current, last: _):
      try rename(
        DeviceNames.last, to: DeviceNames.current, current == nil ? .notReplacing : .exchanging)
    }
  }

  /// How a journal entry ended.
  struct Settlement {
    /// Whether what was begun is done; else it is undone.
    var isFinished: Bool
    /// What was done besides.
    var changes: [DeviceChange]
  }

  /// Finishes what a journal entry began, if the step that decides was made, or takes it back.
  ///
  /// Which one it is, is seen by comparing what has the name of current now. It may be called any
  /// number of times.
  borrowing func settle(_ entry: JournalEntry) throws(InstallError) -> Settlement {
    let now = try uuid(DeviceNames.current)
    let (new, old) = entry.candidates
    guard now == new || now == old else { throw .journalMismatch(entry) }
    let isFinished = now == new
    if isFinished {
      try commit()
      if case .activate(let version, next: _, let current, last: _) = entry {
        try moveToLast(current)
        try state.raiseFloor(to: version)
        try adoptKeys(of: version)
      }
    }
    try state.clearJournal()
    try commit()
    guard case .activate = entry else { return Settlement(isFinished: isFinished, changes: []) }
    return Settlement(isFinished: isFinished, changes: drop(DeviceNames.next))
  }

  /// Gives what was current before, which is called `.next` after the exchange, the name of last.
  private func moveToLast(_ previous: SubvolumeUUID?) throws(InstallError) {
    guard let previous, try uuid(DeviceNames.next) == previous else { return }
    let mode: RenameMode = try uuid(DeviceNames.last) == nil ? .notReplacing : .exchanging
    try rename(DeviceNames.next, to: DeviceNames.last, mode)
    try commit()
  }

  borrowing func readJournal() throws(InstallError) -> JournalEntry? { try state.journal() }
}

extension JournalEntry {
  /// What is called current when it is done, and when it is not.
  fileprivate var candidates: (new: SubvolumeUUID, old: SubvolumeUUID?) {
    switch self {
    case .activate(_, let next, let current, last: _): (next, current)
    case .rollBack(let current, let last): (last, current)
    }
  }
}
