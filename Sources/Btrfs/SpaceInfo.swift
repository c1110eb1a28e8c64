internal import CLinux
public import Linux

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
  /// How data is spread over the devices.
  public var dataProfile = BlockGroupProfile.single
  /// How metadata is.
  public var metadataProfile = BlockGroupProfile.single
  /// Whether data and metadata share their block groups (`mkfs.btrfs --mixed`).
  public var isMixed = false
  /// What of each device belongs to no block group yet.
  public var unallocated: [UInt64] = []
  /// How large all devices together are.
  public var deviceBytes: UInt64 = 0

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
    let isData = space.flags & clinux_btrfs_block_group_data != 0
    let isMetadata = space.flags & clinux_btrfs_block_group_metadata != 0
    // Mixed block groups are both.
    if isData, isMetadata { isMixed = true }
    // While a balance changes the profile there are two; the dearer one counts.
    let profile = BlockGroupProfile(flags: space.flags)
    if isData {
      totalData &+= space.total_bytes
      usedData &+= space.used_bytes
      dataProfile = max(dataProfile, profile)
    }
    if isMetadata {
      totalMetadata &+= space.total_bytes
      usedMetadata &+= space.used_bytes
      metadataProfile = max(metadataProfile, profile)
    }
  }
}

extension SpaceInfo {
  /// What does not fit.
  public enum Shortage: Hashable, Sendable {
    /// So many bytes of data are wanted, and so many fit.
    case data(needed: UInt64, available: UInt64)
    /// So many bytes of metadata are wanted, and so many fit.
    case metadata(needed: UInt64, available: UInt64)
  }

  /// What of so much data and metadata does not fit; `nil` if all does.
  ///
  /// What is left in the block groups of each kind counts for that kind alone, even if the other one
  /// runs out; what is not allocated yet counts for both, metadata first, as often as its profile
  /// writes it.
  public func shortage(data: UInt64, metadata: UInt64) -> Shortage? {
    let freeData = usedData > totalData ? 0 : totalData - usedData
    if isMixed {
      let (needed, overflow) = data.addingReportingOverflow(metadata)
      let available = availableMetadata.saturatingAdd(dataProfile.capacity(of: unallocated))
      return overflow || needed > available
        ? .data(needed: overflow ? .max : needed, available: available) : nil
    }
    let moreMetadata = metadata.saturatingSubtract(availableMetadata)
    let capacity = metadataProfile.capacity(of: unallocated)
    guard moreMetadata <= capacity else {
      return .metadata(needed: metadata, available: availableMetadata.saturatingAdd(capacity))
    }
    let all = unallocated.reduce(0 as UInt64) { $0.saturatingAdd($1) }
    let left = all.saturatingSubtract(metadataProfile.deviceBytes(for: moreMetadata))
    let moreData = min(dataProfile.capacity(of: unallocated), dataProfile.bytes(in: left))
    let available = freeData.saturatingAdd(moreData)
    return data > available ? .data(needed: data, available: available) : nil
  }
}

extension FileSystem {
  /// How much space there is (`BTRFS_IOC_SPACE_INFO`, `BTRFS_IOC_DEV_INFO` and `fstatfs`).
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
    let devices = try devices(of: descriptor)
    info.unallocated = devices.map(\.unallocatedBytes)
    info.deviceBytes = devices.reduce(0) { $0.saturatingAdd($1.totalBytes) }
    return info
  }
}
