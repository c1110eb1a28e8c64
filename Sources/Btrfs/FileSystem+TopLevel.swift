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

  /// Mounts the top level of the file system that has a UUID, by whichever of some devices' names
  /// leads to it; see ``devicePaths(of:)`` and ``uuid(of:)``.
  ///
  /// - Returns: `nil` if none does, although none of them fails.
  public static func mountTopLevel(
    ofAny devices: [String], ifItIs uuid: [UInt8]
  ) throws(SystemError) -> DetachedMount? {
    var failure: SystemError?
    for device in devices {
      do throws(SystemError) {
        let mount = try mountTopLevel(of: device)
        if try isFileSystem(uuid, mount) { return consume mount }
      } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return nil
  }

  private static func isFileSystem(
    _ uuid: [UInt8], _ mount: borrowing DetachedMount
  ) throws(SystemError) -> Bool {
    let root = try mount.root()
    return try self.uuid(of: root) == uuid
  }
}
