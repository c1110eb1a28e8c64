public import Bytes
internal import CLinux
public import Linux

extension FileSystem {
  /// The ids of the subvolumes that have a UUID as their own, by the file system's UUID tree: one, or
  /// none. Needs root's rights.
  public static func subvolumes(
    withUUID uuid: SubvolumeUUID, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> [UInt64] {
    try ids(of: uuid, clinux_btrfs_uuid_subvol, in: descriptor)
  }

  /// The ids of the subvolumes that were received from the one with a UUID: any number, since
  /// read-only snapshots of them count, too. Needs root's rights.
  public static func subvolumes(
    receivedFrom uuid: SubvolumeUUID, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> [UInt64] {
    try ids(of: uuid, clinux_btrfs_uuid_received_subvol, in: descriptor)
  }

  private static func ids(
    of uuid: SubvolumeUUID, _ type: UInt32, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> [UInt64] {
    // An item's key is the UUID, half before the type and half behind it.
    let bytes = uuid.bytes
    var cursor = ByteCursor(bytes.rawSpan)
    guard let object = cursor.read(UInt64.self), let offset = cursor.read(UInt64.self) else {
      return []
    }
    let search = TreeSearch(
      tree: clinux_btrfs_uuid_tree, objectIDs: object...object, types: type...type)
    var ids: [UInt64] = []
    for item in try search.items(in: descriptor) where item.offset == offset {
      var values = ByteCursor(item.data.rawSpan)
      while let id = values.read(UInt64.self) { ids.append(id) }
    }
    return ids
  }
}
