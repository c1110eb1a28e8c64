internal import Linux

extension LockedDevice {
  /// Ends what was interrupted, and deletes what is left over of it. Done twice, the second time
  /// does nothing.
  borrowing func recover() throws(InstallError) -> [DeviceChange] {
    var changes: [DeviceChange] = []
    if let entry = try readJournal() {
      let settled = try settle(entry)
      changes.append(entry.change(isFinished: settled.isFinished))
      if case .boot(let error)? = settled.refusal { changes.append(.loaderRefused(error)) }
      changes += settled.changes
    }
    try state.removeTrials(except: try uuid(DeviceNames.current))
    // First, as it makes room.
    try removeLeftovers(&changes)
    changes += try goOnWithReset()
    return changes
  }

  /// Deletes what is only there while something is done; but a checkpoint stays that the same update
  /// can go on from.
  func removeLeftovers(_ changes: inout [DeviceChange]) throws(InstallError) {
    let names = try names(in: directory)
    let point = try usableResumePoint()
    if point == nil {
      try state.removeResumePoint()
    } else {
      try state.removeKnowledge(except: point)
    }
    for name in names where Self.isLeftover(name) && name != point?.name { changes += drop(name) }
    try state.removeLeftovers(versions: Set(names.compactMap(DeviceNames.version(named:))))
  }

  private func names(in directory: borrowing Descriptor) throws(InstallError) -> [String] {
    let entries = try attempt { () throws(SystemError) in try directory.entries() }
    return entries.map { String(decoding: $0.name, as: UTF8.self) }.sorted()
  }

  /// Whether a name is only there while something is done. Who holds the lock knows that nobody
  /// is doing it.
  static func isLeftover(_ name: String) -> Bool {
    [DeviceNames.next, DeviceNames.frozen, DeviceNames.emptied].contains(name)
      || DeviceNames.staging(named: name) != nil
      || DeviceNames.isCheckpoint(name)
      || DeviceNames.isDropped(name)
  }
}

extension JournalEntry {
  fileprivate func change(isFinished: Bool) -> DeviceChange {
    switch (self, isFinished) {
    case (.activate(let version, _, _, _, _), true): .finishedActivation(version)
    case (.activate(let version, _, _, _, _), false): .undidActivation(version)
    case (.rollBack, true): .finishedRollback
    case (.rollBack, false): .undidRollback
    case (.markGood(let version, _), true): .finishedMarking(version)
    case (.markGood(let version, _), false): .undidMarking(version)
    }
  }
}
