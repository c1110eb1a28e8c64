internal import Btrfs
internal import Linux

/// A loader or initramfs that mounts the file system's default subvolume, without `subvol=` or
/// `subvolid=`: U-Boot's own btrfs driver reads that one, too.
///
/// The default is always the id of what is called current. The tries are in the records, where
/// `boot-check` counts them.
public struct DefaultSubvolumeBackend: RecordedTrialsBackend {
  /// The backend.
  public init() {}

  /// `default-subvolume`
  public var name: String { "default-subvolume" }

  /// The default subvolume, if it is one of the systems.
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    disk.system(
      id: try attemptBoot { () throws(SystemError) in
        try FileSystem.defaultSubvolume(of: disk.directory)
      })
  }

  /// Makes it the default subvolume.
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try attemptBoot { () throws(SystemError) in
      try FileSystem.setDefaultSubvolume(system.subvolumeID, of: disk.directory)
    }
  }
}
