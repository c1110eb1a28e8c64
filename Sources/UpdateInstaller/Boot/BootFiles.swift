/// What a loader that reads no btrfs gets of a system, and where: kernel, initrd, command line.
public struct BootFiles: Hashable, Sendable {
  /// Where the boot partition is mounted.
  public var directory: String
  /// The directory on it that holds the systems' files, and what names of entries begin with. It has
  /// to be there: that says that the boot partition is mounted.
  public var token: String
  /// The kernel's path in a system's tree; `nil` for the newest in `/boot`, else in
  /// `/usr/lib/modules`.
  public var kernel: String?
  /// The initrd's path in a system's tree; `nil` for the one that belongs to the kernel.
  public var initrd: String?
  /// Whether systems have an initrd.
  public var usesInitrd = true
  /// The command line, without the root subvolume; `nil` for that of the system's tree
  /// (`/etc/kernel/cmdline`, `/usr/lib/kernel/cmdline`), else of what runs.
  public var commandLine: String?
  /// What the loader's menu calls the device.
  public var title: String

  /// Files in a directory of a boot partition.
  public init(
    directory: String = "/boot", token: String = "btrfs-update", title: String = "System"
  ) {
    self.directory = directory
    self.token = token
    self.title = title
  }
}
