internal import CLinux
public import Linux

/// Operations on the btrfs file system that a descriptor is open in.
public enum FileSystem {
  /// Whether it is btrfs.
  public static func isBtrfs(_ descriptor: borrowing Descriptor) throws(SystemError) -> Bool {
    try descriptor.fileSystemStatus().type == FileSystemStatus.btrfs
  }

  /// Commits the running transaction, and waits until it is on disk (`BTRFS_IOC_SYNC`).
  public static func commit(_ descriptor: borrowing Descriptor) throws(SystemError) {
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_SYNC", .changes, path: descriptor.path) {
      clinux_btrfs_sync(fd)
    }
  }

  /// How much space there is (`BTRFS_IOC_SPACE_INFO` and `fstatfs`).
  public static func space(in descriptor: borrowing Descriptor) throws(SystemError) -> SpaceInfo {
    var spaces = [btrfs_ioctl_space_info](repeating: btrfs_ioctl_space_info(), count: 32)
    var count: UInt64 = 0
    let (fd, slots) = (descriptor.rawValue, UInt64(spaces.count))
    _ = try systemCall("BTRFS_IOC_SPACE_INFO", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_space_info(fd, slots, &spaces, &count)
    }
    let available = try descriptor.fileSystemStatus().availableBytes
    var info = SpaceInfo(availableData: available)
    for space in spaces.prefix(Int(count)) { info.add(space) }
    return info
  }
}

/// Space of a btrfs file system, in bytes. All are estimates: how much fits depends on what.
public struct SpaceInfo: Hashable, Sendable {
  /// What still fits of data, counting space that is not given to any block group yet: what
  /// `df` says.
  public var availableData: UInt64
  /// What is allocated for data.
  public var totalData: UInt64 = 0
  /// What of that is used.
  public var usedData: UInt64 = 0
  /// What is allocated for metadata; the file system grows it while it has unallocated space.
  public var totalMetadata: UInt64 = 0
  /// What of that is used.
  public var usedMetadata: UInt64 = 0
  /// What of the metadata the kernel holds back for itself.
  public var reservedMetadata: UInt64 = 0

  /// What still fits of metadata without allocating more: never less than this.
  public var availableMetadata: UInt64 {
    let taken = usedMetadata.addingReportingOverflow(reservedMetadata)
    if taken.overflow || taken.partialValue > totalMetadata { return 0 }
    return totalMetadata - taken.partialValue
  }

  init(availableData: UInt64) { self.availableData = availableData }

  mutating func add(_ space: btrfs_ioctl_space_info) {
    if space.flags & clinux_btrfs_space_info_global_rsv != 0 {
      reservedMetadata &+= space.total_bytes
      return
    }
    // Mixed block groups are both.
    if space.flags & clinux_btrfs_block_group_data != 0 {
      totalData &+= space.total_bytes
      usedData &+= space.used_bytes
    }
    if space.flags & clinux_btrfs_block_group_metadata != 0 {
      totalMetadata &+= space.total_bytes
      usedMetadata &+= space.used_bytes
    }
  }
}
