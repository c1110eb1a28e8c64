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

  /// Whether the tree of a deleted subvolume is still there: its space comes back as the kernel gets
  /// to it, and then with a ``commit(_:)``, which also wakes who does that.
  public static func isBeingDeleted(
    subvolume id: UInt64, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    let search = TreeSearch(
      tree: clinux_btrfs_root_tree, objectIDs: id...id,
      types: clinux_btrfs_root_item...clinux_btrfs_root_item)
    return try !search.items(in: descriptor).isEmpty
  }
}
