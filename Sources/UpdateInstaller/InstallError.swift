public import Linux

/// Why something on a device's disk could not be done.
public enum InstallError: Error {
  /// The process has not root's rights.
  case notRoot
  /// The directory is not on btrfs.
  case notBtrfs(path: String)
  /// Another process is changing the device.
  case busy(holder: LockHolder?)
  /// No such version is installed; `nil` if there is none at all.
  case noSuchVersion(SystemVersion?)
  /// The subvolume of an installed version can be written to: it may be anything.
  case versionNotReadOnly(SystemVersion)
  /// There is no `sys_root_last`.
  case nothingToRollBack
  /// A name of the layout belongs to something that is no subvolume.
  case notSubvolume(name: String)
  /// A file below `.btrfs-update` does not hold what this program wrote.
  case recordCorrupt(name: String, RecordFlaw)
  /// The journal says that something was begun, but the disk shows neither its beginning nor its
  /// end: somebody else has moved things meanwhile.
  case journalMismatch(JournalEntry)
  /// The file system ran full.
  case spaceExhausted(SystemError)
  /// A system call failed.
  case system(SystemError)

  /// What a failed system call means.
  init(_ error: SystemError) {
    switch error.errno {
    case .noSpace, .quotaExceeded: self = .spaceExhausted(error)
    default: self = .system(error)
    }
  }
}

extension InstallError: CustomStringConvertible {
  /// What failed, on what, why, and what to do: one line.
  public var description: String {
    switch self {
    case .notRoot: "this needs root's rights"
    case .notBtrfs(let path): "\"\(path)\" is not on a btrfs file system"
    case .busy(let holder?): "the device is being changed by \(holder); try again when it is done"
    case .busy(nil): "the device is being changed by another process; try again when it is done"
    case .noSuchVersion(let version?): "version \(version) is not installed"
    case .noSuchVersion(nil): "no version is installed"
    case .versionNotReadOnly(let version):
      "\(DeviceNames.version(version)) can be written to, so it may have been changed; "
        + "install version \(version) again"
    case .nothingToRollBack: "there is no \(DeviceNames.last) to go back to"
    case .notSubvolume(let name): "\"\(name)\" is in the way: it is not a subvolume"
    case .recordCorrupt(let name, let flaw):
      "\(DeviceNames.state)/\(name) is damaged: \(flaw); nothing was changed"
    case .journalMismatch(let entry):
      "\(DeviceNames.state)/\(DeviceNames.journal) says that \(entry) was interrupted, but the "
        + "subvolumes have been changed since by other means; look at them, then remove the file"
    case .spaceExhausted(let error): "the file system is full: \(error)"
    case .system(let error): error.description
    }
  }
}

/// Makes system calls whose errors are the installer's.
func attempt<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(InstallError) -> Result {
  do throws(SystemError) { return try body() } catch { throw InstallError(error) }
}
