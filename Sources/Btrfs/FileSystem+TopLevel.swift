public import Linux

extension FileSystem {
  /// `BTRFS_FS_TREE_OBJECTID`, the id of the subvolume that holds all others.
  static let topLevel: UInt64 = 5

  /// Mounts the top level of a file system, which is above all that is usually mounted of it, for
  /// this process alone. Needs root's rights.
  public static func mountTopLevel(of device: String) throws(SystemError) -> DetachedMount {
    try DetachedMount(
      "btrfs", of: device, options: [("subvolid", "\(topLevel)")],
      [.noSetUserID, .noDevices, .noExecution, .noAccessTimes])
  }

  /// Mounts the top level of the file system that a directory is in, by whichever of some devices'
  /// names leads to it; see ``devicePaths(of:)``.
  ///
  /// - Returns: `nil` if none does, although none of them fails.
  public static func mountTopLevel(
    ofAny devices: [String], sharedWith directory: borrowing Descriptor
  ) throws(SystemError) -> DetachedMount? {
    var failure: SystemError?
    for device in devices {
      do throws(SystemError) {
        let mount = try mountTopLevel(of: device)
        let root = try mount.root()
        // Asked for now, and not before: where a copy of the file system is mounted, too, Linux 6.18
        // may change the one of the two whose UUID it made up when that is mounted again.
        if try uuid(of: root) == uuid(of: directory) { return consume mount }
      } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return nil
  }
}
