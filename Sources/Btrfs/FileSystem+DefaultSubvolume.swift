internal import CLinux
public import Linux

extension FileSystem {
  /// The id of the subvolume that a mount shows that names none (`BTRFS_IOC_TREE_SEARCH` for the
  /// item `default` of the root tree). Needs root's rights.
  ///
  /// - Returns: the id; that of the top level, 5, if none was ever set.
  public static func defaultSubvolume(
    of descriptor: borrowing Descriptor
  ) throws(SystemError) -> UInt64 {
    var id: UInt64 = 0
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_TREE_SEARCH", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_get_default_subvol(fd, &id)
    }
    return id
  }

  /// Sets what a mount shows that names no subvolume (`BTRFS_IOC_DEFAULT_SUBVOL`); on disk with the
  /// next ``commit(_:)``.
  public static func setDefaultSubvolume(
    _ id: UInt64, of descriptor: borrowing Descriptor
  ) throws(SystemError) {
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_DEFAULT_SUBVOL", .changes, path: descriptor.path) {
      clinux_btrfs_set_default_subvol(fd, id)
    }
  }
}
