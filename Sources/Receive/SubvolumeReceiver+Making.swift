internal import Btrfs
internal import Bytes
internal import Linux
internal import SendStream

extension SubvolumeReceiver {
  /// Makes a subvolume under its temporary name.
  func make(
    _ subvolume: ReceivedSubvolume, _ command: borrowing Command
  ) throws(SubvolumeReceiveError) -> SubvolumeInProgress {
    let name = subvolume.name
    guard StreamPath.isBeneathRoot(name.rawSpan), !name.contains(UInt8(ascii: "/")) else {
      throw .command(ReceiveError(command: command.kind, path: name, reason: .badPath(name)))
    }
    let isThere = try attempt { () throws(SystemError) in try directory.hasEntry(name) }
    if isThere { throw .exists(name: name) }
    let sources = CloneSources()
    let staging = SubvolumeInProgress.stagingName(for: name)
    try removeLeftover(staging, of: name)
    if let parent = subvolume.parent {
      let root = try search.open(parent.uuid, ctransid: parent.ctransid)
      try attempt { () throws(SystemError) in
        try Subvolume.snapshot(of: root, as: staging, in: directory)
      }
      do throws(SystemError) { try sources.add(root, as: parent.uuid) } catch {
        Self.delete(staging, in: directory, observer)
        throw .system(error)
      }
    } else {
      try attempt { () throws(SystemError) in try Subvolume.create(staging, in: directory) }
    }
    return try orDelete(staging) { () throws(SubvolumeReceiveError) in
      try SubvolumeInProgress(
        subvolume, stagingName: staging, root: try openLocked(staging, of: name), sources,
        options.commands)
    }
  }

  /// Opens the temporary subvolume, which nobody else may remove from now on.
  private func openLocked(
    _ staging: [UInt8], of name: [UInt8]
  ) throws(SubvolumeReceiveError) -> Descriptor {
    let root = try attempt { () throws(SystemError) in
      try directory.open(beneath: staging, [.directory, .noFollow])
    }
    let isLocked = try attempt { () throws(SystemError) in
      // Between making and locking, somebody else may have taken it for a leftover.
      guard try root.lock(waits: false) else { return false }
      return try directory.status(of: staging).device == root.status().device
    }
    guard isLocked else { throw .busy(name: name) }
    return root
  }

  /// Deletes what a process that was killed has left.
  private func removeLeftover(
    _ staging: [UInt8], of name: [UInt8]
  ) throws(SubvolumeReceiveError) {
    let isThere = try attempt { () throws(SystemError) in try directory.hasEntry(staging) }
    guard isThere else { return }
    let root = try attempt { () throws(SystemError) in
      try directory.open(beneath: staging, [.directory, .noFollow])
    }
    let (isSubvolume, isLocked) = try attempt { () throws(SystemError) in
      (try Subvolume.isSubvolume(root), try root.lock(waits: false))
    }
    guard isSubvolume else { throw .exists(name: staging) }
    guard isLocked else { throw .busy(name: name) }
    try attempt { () throws(SystemError) in try Subvolume.delete(staging, in: directory) }
  }

  /// Deletes the temporary subvolume if something fails.
  private func orDelete<Result>(
    _ staging: [UInt8], _ body: () throws(SubvolumeReceiveError) -> Result
  ) throws(SubvolumeReceiveError) -> Result {
    do throws(SubvolumeReceiveError) { return try body() } catch {
      Self.delete(staging, in: directory, observer)
      throw error
    }
  }

  static func delete(
    _ staging: [UInt8], in directory: borrowing Descriptor,
    _ observer: (SubvolumeReceiveEvent) -> Void
  ) {
    do throws(SystemError) { try Subvolume.delete(staging, in: directory) } catch {
      observer(.leftBehind(staging, error))
    }
  }

  /// Ends a subvolume that cannot be received.
  mutating func discardCurrent() {
    guard let subvolume = current else { return }
    current = nil
    Self.discard(subvolume, in: directory, options, observer)
  }

  static func discard(
    _ subvolume: SubvolumeInProgress, in directory: borrowing Descriptor,
    _ options: SubvolumeReceiveOptions, _ observer: (SubvolumeReceiveEvent) -> Void
  ) {
    if options.keepsPartial, let name = keep(subvolume, in: directory) {
      return observer(.kept(name))
    }
    delete(subvolume.stagingName, in: directory, observer)
  }

  /// How many partial subvolumes of a name are kept.
  private static let maximumPartials = 100

  private static func keep(
    _ subvolume: SubvolumeInProgress, in directory: borrowing Descriptor
  ) -> [UInt8]? {
    for number in 1...maximumPartials {
      let name = SubvolumeInProgress.partialName(for: subvolume.subvolume.name, number)
      do throws(SystemError) {
        try directory.rename(subvolume.stagingName, to: name, .notReplacing)
        return name
      } catch {
        if error.errno != .fileExists { return nil }
      }
    }
    return nil
  }
}
