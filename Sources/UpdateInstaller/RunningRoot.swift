internal import Btrfs
internal import Linux

/// The root of what runs now.
enum RunningRoot {
  /// `/`, or of an overlay the uppermost lower layer on btrfs, as far as its path leads there from
  /// here; `nil` if there is none.
  ///
  /// An initramfs that makes an overlay of directories that the running system does not see hides
  /// where they are.
  static func open() throws(SystemError) -> Descriptor? {
    let root = try Descriptor.open("/", [.readOnly, .directory])
    if try FileSystem.isBtrfs(root) { return consume root }
    for path in try MountTable().lowerLayers(ofOverlayAt: "/") {
      if let layer = try open(layer: path) { return consume layer }
    }
    return nil
  }

  private static func open(layer path: String) throws(SystemError) -> Descriptor? {
    do throws(SystemError) {
      let layer = try Descriptor.open(path, [.readOnly, .directory])
      guard try FileSystem.isBtrfs(layer) else { return nil }
      return consume layer
    } catch {
      if [.noSuchFile, .notDirectory].contains(error.errno) { return nil }
      throw error
    }
  }

  /// What the kernel knows of the subvolume that runs; `nil` if that is not btrfs, or hidden.
  static func subvolume() throws(SystemError) -> SubvolumeInfo? {
    guard let root = try open() else { return nil }
    return try Subvolume.info(of: root)
  }
}
