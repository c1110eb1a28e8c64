internal import Bytes
internal import CLinux
public import Linux

extension Subvolume {
  /// More subvolumes are not within each other.
  private static let maximumDepth = 4096

  /// Where a subvolume is below the top level, whatever mounts show: names with slashes between them,
  /// none at the ends; empty for the top level itself. Needs root's rights.
  ///
  /// - Parameters:
  ///   - id: the subvolume's id.
  ///   - descriptor: anything that is open in the file system.
  /// - Returns: `nil` if there is no such subvolume, or it was deleted.
  public static func path(
    of id: UInt64, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> [UInt8]? {
    var path: [UInt8] = []
    var current = id
    for _ in 0..<maximumDepth {
      if current == FileSystem.topLevel { return path }
      guard let place = try place(of: current, in: descriptor) else { return nil }
      let directory = try self.path(
        ofDirectory: place.directory, in: place.parent, of: descriptor)
      path = directory + place.name + (path.isEmpty ? [] : [UInt8(ascii: "/")] + path)
      current = place.parent
    }
    return nil
  }

  /// Which directory of which subvolume holds it, under which name (`struct btrfs_root_ref`).
  private static func place(
    of id: UInt64, in descriptor: borrowing Descriptor
  ) throws(SystemError) -> (parent: UInt64, directory: UInt64, name: [UInt8])? {
    let search = TreeSearch(
      tree: clinux_btrfs_root_tree, objectIDs: id...id,
      types: clinux_btrfs_root_backref...clinux_btrfs_root_backref)
    guard let item = try search.items(in: descriptor).first else { return nil }
    var cursor = ByteCursor(item.data.rawSpan)
    // The directory's inode, a sequence number, the name.
    guard let directory = cursor.read(UInt64.self), cursor.take(8) != nil,
      let length = cursor.read(UInt16.self), let name = cursor.take(Int(length))
    else { return nil }
    return (item.offset, directory, [UInt8](copying: name))
  }

  /// Where a directory is below its subvolume's root, with a slash behind it; empty for the root
  /// (`BTRFS_IOC_INO_LOOKUP`).
  private static func path(
    ofDirectory inode: UInt64, in tree: UInt64, of descriptor: borrowing Descriptor
  ) throws(SystemError) -> [UInt8] {
    var path = [UInt8](repeating: 0, count: Int(CLINUX_BTRFS_PATH_ROOM))
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_INO_LOOKUP", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_ino_lookup(fd, tree, inode, &path)
    }
    return Array(path.prefix { $0 != 0 })
  }
}
