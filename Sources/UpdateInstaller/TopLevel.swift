internal import Btrfs
internal import Linux

/// Where a device's `sys_root_*` subvolumes are.
public enum DeviceLocation: Hashable, Sendable {
  /// In a directory that can be reached by this path now.
  case directory(String)
  /// On a block device: in a directory below the file system's top level, or there.
  ///
  /// It is mounted for this value alone and seen by nobody else; it may be mounted already.
  case blockDevice(String, directory: String? = nil)
  /// On the file system that `/` is on, in a directory below its top level, or there; mounted like
  /// ``blockDevice(_:directory:)``.
  case runningSystem(directory: String? = nil)
}

extension DeviceLocation {
  /// The directory below the top level that this boot's systems are in, as far as the kernel's
  /// command line says so (`btrfs_update.directory=DIRECTORY`, or
  /// `rootflags=subvol=DIRECTORY/sys_root_current`); `nil` for the top level.
  ///
  /// An initramfs has no configuration: only this says so there.
  public static func directoryOfThisBoot() -> String? {
    do throws(BootError) {
      return KernelCommandLine.directory(in: try BootMachine().commandLine())
    } catch { return nil }
  }
}

/// The top level of a btrfs file system, which is above all that is usually mounted of it.
enum TopLevel {
  /// Mounts the top level of a block device.
  static func mount(_ device: String) throws(InstallError) -> DetachedMount {
    do throws(SystemError) {
      return try FileSystem.mountTopLevel(of: device)
    } catch { throw .notMountable(device: device, error) }
  }

  /// Mounts the top level of the file system that the running system is on.
  static func mountOfRunningSystem() throws(InstallError) -> DetachedMount {
    let root = try attempt { () throws(SystemError) in try RunningRoot.open() }
    guard let root else { throw .noRunningSystem }
    return try mount(sharedWith: root)
  }

  /// Mounts the top level of the file system that a directory is on, by whichever of its devices'
  /// names leads to it.
  static func mount(sharedWith directory: borrowing Descriptor) throws(InstallError)
    -> DetachedMount
  {
    let paths = try attempt { () throws(SystemError) in
      try FileSystem.devicePaths(of: directory)
    }
    do throws(SystemError) {
      if let mount = try FileSystem.mountTopLevel(ofAny: paths, sharedWith: directory) {
        return consume mount
      }
    } catch { throw .notMountable(device: error.path, error) }
    throw .noRunningSystem
  }

  /// Opens a directory of a mount, confined to it; the root for `nil`.
  static func open(
    _ directory: String?, in mount: borrowing DetachedMount
  ) throws(InstallError) -> Descriptor {
    try attempt { () throws(SystemError) in
      let root = try mount.root()
      guard let directory else { return root }
      var path = directory[...]
      while path.hasPrefix("/") { path = path.dropFirst() }
      while path.hasSuffix("/") { path = path.dropLast() }
      return try root.open(beneath: String(path), [.readOnly, .directory])
    }
  }
}
