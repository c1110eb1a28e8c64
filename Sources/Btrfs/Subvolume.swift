internal import CLinux
public import Linux

/// Operations on subvolumes, all relative to open descriptors.
///
/// These are the kernel's own ioctls of `<linux/btrfs.h>` and not libbtrfsutil's functions: that
/// library is LGPL, which asks for more than a static link gives; and it takes paths where an
/// open directory is needed for a name not to mean something else a moment later.
///
/// Names are single components, checked as in ``Linux``: no slash, `.`, `..` or NUL. An error's
/// `operation` is the ioctl's C name.
public enum Subvolume {
  /// The inode number of every subvolume's root directory (`BTRFS_FIRST_FREE_OBJECTID`).
  public static let rootInode = clinux_btrfs_first_free_objectid

  /// The inode number of the empty directory that stands in a snapshot where a nested subvolume was
  /// (`BTRFS_EMPTY_SUBVOL_DIR_OBJECTID`).
  public static let placeholderInode = clinux_btrfs_empty_subvol_dir_objectid

  /// Makes an empty subvolume in a directory (`BTRFS_IOC_SUBVOL_CREATE_V2`).
  public static func create(
    _ name: some PathBytes & ~Escapable, in directory: borrowing Descriptor
  ) throws(SystemError) {
    let fd = directory.rawValue
    try directory.withName(name, "BTRFS_IOC_SUBVOL_CREATE_V2") { (name) throws(SystemError) in
      _ = try systemCall("BTRFS_IOC_SUBVOL_CREATE_V2", .changes, path: name.text) {
        unsafe clinux_btrfs_subvol_create(fd, name.characters)
      }
    }
  }

  /// Makes a snapshot of the subvolume that `source` is open at (`BTRFS_IOC_SNAP_CREATE_V2`).
  ///
  /// A read-only snapshot of a received subvolume keeps its received UUID, so that there are two; a
  /// writable one has none.
  public static func snapshot(
    of source: borrowing Descriptor, as name: some PathBytes & ~Escapable,
    in directory: borrowing Descriptor, readOnly: Bool = false
  ) throws(SystemError) {
    let (fd, from) = (directory.rawValue, source.rawValue)
    let flags = readOnly ? clinux_btrfs_subvol_rdonly : 0
    try directory.withName(name, "BTRFS_IOC_SNAP_CREATE_V2") { (name) throws(SystemError) in
      _ = try systemCall("BTRFS_IOC_SNAP_CREATE_V2", .changes, path: name.text) {
        unsafe clinux_btrfs_snap_create(fd, name.characters, from, flags)
      }
    }
  }

  /// Deletes a subvolume, also a read-only one, with all it holds (`BTRFS_IOC_SNAP_DESTROY`).
  ///
  /// It must not hold another subvolume (`ENOTEMPTY`). The kernel deletes one that is mounted
  /// somewhere without a word, and the mount becomes empty: the caller knows which are in use. The
  /// space comes back in the background.
  public static func delete(
    _ name: some PathBytes & ~Escapable, in directory: borrowing Descriptor
  ) throws(SystemError) {
    let fd = directory.rawValue
    try directory.withName(name, "BTRFS_IOC_SNAP_DESTROY") { (name) throws(SystemError) in
      _ = try systemCall("BTRFS_IOC_SNAP_DESTROY", .changes, path: name.text) {
        unsafe clinux_btrfs_snap_destroy(fd, name.characters)
      }
    }
  }

  /// Whether a descriptor is open at the root of a subvolume: a directory with inode number 256 on
  /// btrfs.
  public static func isSubvolume(_ descriptor: borrowing Descriptor) throws(SystemError) -> Bool {
    let status = try descriptor.status()
    guard status.type == .directory, status.inode == rootInode else {
      return false
    }
    return try descriptor.fileSystemStatus().type == FileSystemStatus.btrfs
  }

  /// The subvolumes that are entries of a directory, by name.
  ///
  /// - Returns: their infos, in the order of the names' bytes.
  public static func list(
    in directory: borrowing Descriptor
  ) throws(SystemError) -> [SubvolumeInfo] {
    let entries = try directory.entries()
      .filter { $0.type == .directory || $0.type == nil }
      .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    var found: [SubvolumeInfo] = []
    for entry in entries {
      if var info = try info(ofEntry: entry.name, in: directory) {
        info.name = entry.name
        found.append(info)
      }
    }
    return found
  }

  /// The info of an entry; `nil` if it is no subvolume, gone meanwhile, or a mount point.
  private static func info(
    ofEntry name: [UInt8], in directory: borrowing Descriptor
  ) throws(SystemError) -> SubvolumeInfo? {
    do throws(SystemError) {
      let inode = try directory.status(of: name).inode
      guard inode == rootInode else { return nil }
      let subvolume = try directory.open(beneath: name, [.directory, .noFollow])
      guard try isSubvolume(subvolume) else { return nil }
      return try info(of: subvolume)
    } catch {
      if [.notDirectory, .noSuchFile, .crossDevice].contains(error.errno) { return nil }
      throw error
    }
  }
}
