internal import CLinux
internal import Glibc

/// What a mount allows (`MOUNT_ATTR_`).
public struct MountAttributes: OptionSet, Hashable, Sendable {
  /// The `MOUNT_ATTR_` bits.
  public let rawValue: UInt32
  /// Attributes from `MOUNT_ATTR_` bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `MOUNT_ATTR_RDONLY`
  public static let readOnly = MountAttributes(rawValue: 0x1)
  /// `MOUNT_ATTR_NOSUID`
  public static let noSetUserID = MountAttributes(rawValue: 0x2)
  /// `MOUNT_ATTR_NODEV`
  public static let noDevices = MountAttributes(rawValue: 0x4)
  /// `MOUNT_ATTR_NOEXEC`
  public static let noExecution = MountAttributes(rawValue: 0x8)
  /// `MOUNT_ATTR_NOATIME`
  public static let noAccessTimes = MountAttributes(rawValue: 0x10)
}

/// A file system that is mounted for this process alone, at no place: nobody else sees it, and it
/// ends with this value and the descriptors that were opened through it (`fsopen`, `fsconfig`,
/// `fsmount`; Linux 5.2).
///
/// Needs `CAP_SYS_ADMIN`.
public struct DetachedMount: ~Copyable, Sendable {
  private let mount: Descriptor

  /// Mounts.
  ///
  /// - Parameters:
  ///   - type: the file system's name, such as `btrfs`.
  ///   - source: the block device.
  ///   - options: keys with their values, as the file system knows them.
  ///   - isReadOnly: whether also the file system itself writes nothing to the device, as it would
  ///     to note that it is mounted.
  /// - Throws: what the call failed with that found it; its path is the source.
  public init(
    _ type: String, of source: String, options: [(key: String, value: String)] = [],
    _ attributes: MountAttributes = [], isReadOnly: Bool = false
  ) throws(SystemError) {
    let context = try withCPath(type, .name, "fsopen") { (name) throws(SystemError) -> Descriptor in
      let opened = try systemCall("fsopen", .reads, path: source) {
        unsafe clinux_fsopen(name.characters)
      }
      return Descriptor(adopting: opened, path: source)
    }
    try Self.set("source", to: source, of: context)
    for (key, value) in options { try Self.set(key, to: value, of: context) }
    let fd = context.rawValue
    if isReadOnly {
      _ = try systemCall("fsconfig", .reads, path: source) { clinux_fsconfig_set_read_only(fd) }
    }
    // Mounting replays a log, but nothing of that is seen by a later call.
    _ = try systemCall("fsconfig", .reads, path: source) { clinux_fsconfig_create(fd) }
    let mounted = try systemCall("fsmount", .reads, path: source) {
      clinux_fsmount(fd, attributes.rawValue)
    }
    mount = Descriptor(adopting: mounted, path: source, isPathOnly: true)
  }

  private static func set(
    _ key: String, to value: String, of context: borrowing Descriptor
  ) throws(SystemError) {
    let fd = context.rawValue
    try withCPath(key, .name, "fsconfig") { (key) throws(SystemError) in
      try withCPath(value, .any, "fsconfig") { (value) throws(SystemError) in
        _ = try systemCall("fsconfig", .reads, path: context.path) {
          unsafe clinux_fsconfig_set_string(fd, key.characters, value.characters)
        }
      }
    }
  }

  /// Opens its root directory.
  public func root() throws(SystemError) -> Descriptor {
    let empty: [UInt8] = []
    return try mount.open(beneath: empty, [.readOnly, .directory])
  }
}
