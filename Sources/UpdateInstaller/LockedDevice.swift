internal import Btrfs
internal import Bytes
internal import Linux

/// A device that nobody else changes while this value lives: what changes it is written here.
struct LockedDevice: ~Copyable {
  let directory: Descriptor
  let state: StateDirectory
  let boot: any BootBackend
  let running: RunningSystem
  private let lock: DeviceLock

  init(
    _ device: borrowing Device, for command: String, boot backend: (any BootBackend)? = nil
  ) throws(InstallError) {
    let directory = try attempt { () throws(SystemError) in try device.directory.duplicate() }
    let state = try StateDirectory(in: directory)
    lock = try DeviceLock(in: state, for: command, patience: device.patience)
    self.directory = directory
    self.state = state
    boot = backend ?? device.boot
    running = device.runningSystem()
  }

  /// Waits until all that was done is on disk.
  func commit() throws(InstallError) {
    try attempt { () throws(SystemError) in try FileSystem.commit(directory) }
  }

  /// What was written to the devices so far; only for people, so that failing does not matter.
  func bytesWritten() -> UInt64? {
    do throws(SystemError) { return try FileSystem.bytesWritten(in: directory) } catch {
      return nil
    }
  }

  func subvolume(_ name: String) throws(InstallError) -> SubvolumeInfo? {
    try directory.subvolume(name)
  }

  func uuid(_ name: String) throws(InstallError) -> SubvolumeUUID? {
    try subvolume(name)?.uuid
  }

  func rename(_ name: String, to new: String, _ mode: RenameMode) throws(InstallError) {
    try attempt { () throws(SystemError) in try directory.rename(name, to: new, mode) }
  }
}
