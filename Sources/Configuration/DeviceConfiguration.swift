/// How a device is updated: what `btrfs-update.conf` and its drop-ins say, or their defaults.
public struct DeviceConfiguration: Hashable, Sendable {
  /// What the device is.
  public struct Product: Hashable, Sendable {
    /// The kind of device; `nil` to go by `/etc/btrfs-update/compatible`.
    public var name: String?
    /// The directory that holds the `sys_root_*` subvolumes; `nil` for the running system's own.
    public var root: String?
  }

  /// Whom the device trusts.
  public struct Trust: Hashable, Sendable {
    /// The directory of the trusted public keys, `*.pem`.
    public var keys = "/etc/btrfs-update/keys"
    /// How many of the keys must have signed an update.
    public var threshold = 1
  }

  /// What the boot loader has to do with it.
  public struct Boot: Hashable, Sendable {
    /// The ways to choose what boots.
    public enum Backend: String, CaseIterable, Hashable, Sendable {
      /// Only the subvolumes' names are exchanged.
      case names
      /// The file system's default subvolume is set, too.
      case defaultSubvolume = "default-subvolume"
      /// Entries of the Boot Loader Specification, with boot counting.
      case bls
      /// GRUB's environment block.
      case grub
      /// U-Boot's environment.
      case uboot
      /// A program of the administrator.
      case custom
    }
    /// The way.
    public var backend = Backend.names
    /// How many boots a new system has to be marked good.
    public var tries = 3
    /// `bls`, `grub`, `uboot`: where the boot partition is mounted.
    public var directory = "/boot"
    /// The same: the directory on it, and what entries begin with.
    public var entryToken = "btrfs-update"
    /// The same: the kernel's command line; `nil` for that of the system.
    public var commandLine: String?
    /// The same: the kernel's path in the system; `nil` for the newest.
    public var kernel: String?
    /// The same: the initrd's path in the system, or `none`; `nil` for the kernel's.
    public var initrd: String?
    /// The same: what menus call the device.
    public var title = "System"
    /// `grub`: the environment block.
    public var grubEnvironment = "/boot/grub/grubenv"
    /// `uboot`: the configuration of `fw_setenv`.
    public var ubootConfiguration = "/etc/fw_env.config"
    /// The same: the directory of `fw_printenv` and `fw_setenv`; `nil` for the usual ones.
    public var ubootTools: String?
    /// `custom`: the program.
    public var script: String?
    /// The same: whether the loader counts the boots of a new system; else boot-check does.
    public var scriptCounts = true
    /// The same: how long the program may take.
    public var scriptTimeLimit = Duration.seconds(60)
  }

  /// What applying and activating do besides.
  public struct Update: Hashable, Sendable {
    /// Files and directories that a new system takes over from the current one, from its root.
    public var persist: [String] = []
    /// How many versions `prune` keeps.
    public var keepVersions = 2
    /// Whether `apply` prunes first.
    public var prunesBeforeApply = false
    /// How many bytes must stay free after applying.
    public var minimumFree: UInt64 = 0
    /// How many bytes of memory applying may take; `nil` for what is available.
    public var maximumMemory: UInt64?
  }

  /// What a reset to the factory's state does besides.
  public struct FactoryReset: Hashable, Sendable {
    /// Subvolumes beside `sys_root_current` that are wiped and made again, by name.
    public var subvolumes: [String] = []
    /// Files and directories that survive it, from the root.
    public var persist: [String] = []
  }

  /// Programs that are asked before and told after.
  public struct Hooks: Hashable, Sendable {
    /// How long one may take.
    public var timeLimit = Duration.seconds(300)
  }

  /// Programs that say whether a system is good.
  public struct Health: Hashable, Sendable {
    /// What happens when a system that is not on trial is not good.
    public enum Action: String, CaseIterable, Hashable, Sendable {
      /// It is said.
      case report
      /// The device goes back to the last system.
      case rollback
    }
    /// How long one check may take.
    public var timeLimit = Duration.seconds(60)
    /// How long all of them may take.
    public var totalTimeLimit = Duration.seconds(600)
    /// What happens when a check fails outside a trial.
    public var action = Action.report
  }

  /// Updates from sticks.
  public struct USB: Hashable, Sendable {
    /// The labels of the file systems that are looked at.
    public var labels = ["BTRFSUPDATE"]
    /// The kinds of file systems that are mounted, by the kernel's names.
    public var fileSystems = ["vfat", "exfat"]
    /// Whether the version is activated.
    public var activates = true
    /// Whether the device then boots it at once.
    public var reboots = false
  }

  /// `[Device]`
  public var device = Product()
  /// `[Trust]`
  public var trust = Trust()
  /// `[Boot]`
  public var boot = Boot()
  /// `[Update]`
  public var update = Update()
  /// `[FactoryReset]`
  public var factoryReset = FactoryReset()
  /// `[Hooks]`
  public var hooks = Hooks()
  /// `[Health]`
  public var health = Health()
  /// `[USB]`
  public var usb = USB()

  /// The defaults.
  public init() {}
}
