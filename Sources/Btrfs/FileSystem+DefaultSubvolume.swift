internal import Bytes
internal import CLinux
public import Linux

extension FileSystem {
  /// The id of the subvolume that a mount shows that names none (the entry `default` of the root
  /// tree's directory, as of the last commit). Needs root's rights.
  ///
  /// - Returns: the id; that of the top level, 5, if none was ever set.
  public static func defaultSubvolume(
    of descriptor: borrowing Descriptor
  ) throws(SystemError) -> UInt64 {
    // BTRFS_ROOT_TREE_OBJECTID, BTRFS_ROOT_TREE_DIR_OBJECTID, BTRFS_DIR_ITEM_KEY
    let search = TreeSearch(tree: 1, objectIDs: 6...6, types: 84...84)
    for item in try search.items(in: descriptor) {
      if let id = target(ofEntry: Array("default".utf8), in: item.data) { return id }
    }
    return topLevel
  }

  /// What a directory's entry leads to, if that is its name (`struct btrfs_dir_item`).
  private static func target(ofEntry name: [UInt8], in data: [UInt8]) -> UInt64? {
    var cursor = ByteCursor(data.rawSpan)
    // The key's type and offset, and the transaction; no data; the entry's type.
    guard let id = cursor.read(UInt64.self), cursor.take(1 + 8 + 8 + 2) != nil,
      let length = cursor.read(UInt16.self), cursor.take(1) != nil,
      let found = cursor.take(Int(length))
    else { return nil }
    return [UInt8](copying: found) == name ? id : nil
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
