internal import Bytes
internal import CLinux
public import Linux

extension Subvolume {
  /// Whether a received subvolume's contents were changed after it was received. Needs root's rights.
  ///
  /// ``SubvolumeInfo/isUntouchedSinceReceive`` alone is true of less: what `btrfs receive` makes goes
  /// to the disk only after it was marked as received, which counts as a change of the subvolume.
  /// But no file's change time is later than that mark then, and nobody can set one. So of the
  /// parts of the tree that were written since, the change times are looked at. Deduplication and
  /// defragmentation, which leave contents alone, leave them alone, too.
  ///
  /// - Returns: false also for a subvolume that was not received.
  public static func wasChangedSinceReceive(
    _ subvolume: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    let info = try info(of: subvolume)
    if info.receivedUUID.isZero || info.isUntouchedSinceReceive { return false }
    // What was changed a moment ago is in the tree only when it is on its way to the disk.
    try FileSystem.commit(subvolume)
    let search = TreeSearch(
      tree: info.id, objectIDs: rootInode...UInt64.max,
      types: clinux_btrfs_inode_item...clinux_btrfs_inode_item,
      sinceTransaction: info.receiveTransaction + 1)
    var isChanged = false
    try search.visit(in: subvolume) { (item) in
      if let time = changeTime(ofInode: item.data), time > info.receiveTime {
        isChanged = true
      }
      return !isChanged
    }
    return isChanged
  }

  /// `struct btrfs_inode_item`
  private static func changeTime(ofInode item: [UInt8]) -> FileTime? {
    var cursor = ByteCursor(item.rawSpan)
    // Five numbers of 64 bits, four of 32, three of 64, four reserved ones, and the access time.
    guard cursor.take(5 * 8 + 4 * 4 + 3 * 8 + 4 * 8 + 12) != nil,
      let seconds = cursor.read(UInt64.self), let nanoseconds = cursor.read(UInt32.self)
    else { return nil }
    return FileTime(seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds)
  }
}
