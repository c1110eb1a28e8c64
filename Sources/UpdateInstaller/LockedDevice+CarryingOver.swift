internal import Btrfs
internal import Bytes
internal import Linux

// A system goes on being written to while its files are carried over, so a snapshot of it is read:
// all of them are as they were at one moment, which is also when it is on disk. Whatever
// interrupts this leaves leftovers: that snapshot, and the new system that has no name that boots.
extension LockedDevice {
  /// Copies files and directories of the present system into the new one.
  ///
  /// The present system is what runs now, if it is current or last: somebody may have activated a
  /// version and not booted it. Otherwise it is current.
  ///
  /// - Returns: what was left out.
  /// - Throws: ``InstallError/notCarriedOver(path:_:)``, ``InstallError/spaceExhausted(_:)``; then
  ///   the new system is not whole.
  borrowing func carryOver(
    _ list: PersistList, into next: String
  ) throws(InstallError) -> [DeviceChange] {
    guard !list.isEmpty, let name = try presentSystem(),
      let present = try directory.openSubvolume(name),
      let new = try directory.openSubvolume(next)
    else { return [] }
    try attempt { () throws(SystemError) in
      try Subvolume.snapshot(of: present, as: DeviceNames.frozen, in: directory, readOnly: true)
    }
    do throws(InstallError) {
      guard let old = try directory.openSubvolume(DeviceNames.frozen) else { return [] }
      let leftOut = try Self.copy(list, from: old, live: present, to: new)
      return leftOut + drop(DeviceNames.frozen).filter { !$0.isDeletion }
    } catch {
      _ = drop(DeviceNames.frozen)
      throw error
    }
  }

  // swiftc 6.3.1 -O may crash when it inlines functions that own noncopyable values and throw.
  @inline(never)
  private static func copy(
    _ list: PersistList, from old: borrowing Descriptor, live: borrowing Descriptor,
    to new: borrowing Descriptor
  ) throws(InstallError) -> [DeviceChange] {
    var copy = try attempt { () throws(SystemError) in
      try CarryOver(from: old, live: live, to: new)
    }
    for path in list.paths {
      do throws(SystemError) { try copy.carry(path) } catch {
        switch error.errno {
        case .noSpace, .quotaExceeded: throw .spaceExhausted(error)
        default: throw .notCarriedOver(path: String(decoding: path, as: UTF8.self), error)
        }
      }
    }
    return copy.leftOut.map { .leftOut(path: String(decoding: $0, as: UTF8.self)) }
  }

  /// The name of the system whose files are the present ones; `nil` if there is none.
  private func presentSystem() throws(InstallError) -> String? {
    if let running = running.uuid, try uuid(DeviceNames.last) == running { return DeviceNames.last }
    return try uuid(DeviceNames.current) == nil ? nil : DeviceNames.current
  }
}

extension DeviceChange {
  fileprivate var isDeletion: Bool {
    if case .deleted = self { true } else { false }
  }
}
