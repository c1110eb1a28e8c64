internal import Btrfs
internal import Linux

/// A device's disk: the directory that holds its `sys_root_*` subvolumes.
///
/// Whatever changes it first takes an exclusive lock, which ends with the process, and finishes or
/// undoes what a power cut interrupted. Looking takes no lock.
///
/// Nothing here is safe against another program that renames these subvolumes at the same time.
public struct Device: ~Copyable, Sendable {
  let directory: Descriptor
  /// How the boot loader is told what to start.
  let boot: any BootBackend
  /// What runs on the machine whose disk this is; `nil` to find out when it matters.
  public var running: RunningSystem?

  /// How long to wait for somebody else who is changing this device.
  public var patience = Duration.zero

  /// The programs that are asked and told; ``Hooks/none``, unless somebody sets it.
  public var hooks = Hooks.none

  /// Kept as long as the directory is.
  private let mount: DetachedMount?

  /// Opens the directory at `path`.
  ///
  /// - Parameters:
  ///   - path: the directory that holds the subvolumes.
  ///   - boot: how the boot loader is told what to start.
  /// - Throws: ``InstallError/notRoot``, ``InstallError/notBtrfs(path:)``, or
  ///   ``InstallError/system(_:)`` if there is no such directory.
  public init(
    path: String, boot: any BootBackend = NamesBackend()
  ) throws(InstallError) {
    try self.init(.directory(path), boot: boot)
  }

  /// Opens the directory that holds the subvolumes.
  ///
  /// - Throws: ``InstallError/notRoot``, ``InstallError/notBtrfs(path:)``,
  ///   ``InstallError/noRunningSystem``, ``InstallError/notMountable(device:_:)``, or
  ///   ``InstallError/system(_:)`` if there is no such directory.
  public init(
    _ location: DeviceLocation, boot: any BootBackend = NamesBackend()
  ) throws(InstallError) {
    self.boot = boot
    guard Machine.isRoot else { throw .notRoot }
    switch location {
    case .directory(let path):
      directory = try Self.openDirectory(path)
      mount = nil
    case .blockDevice(let path, let name):
      let mount = try TopLevel.mount(path)
      directory = try TopLevel.open(name, in: mount)
      self.mount = consume mount
    case .runningSystem(let name):
      let mount = try TopLevel.mountOfRunningSystem()
      directory = try TopLevel.open(name, in: mount)
      self.mount = consume mount
    }
  }

  private static func openDirectory(_ path: String) throws(InstallError) -> Descriptor {
    let opened = try attempt { () throws(SystemError) in
      try Descriptor.open(path, [.readOnly, .directory])
    }
    guard try attempt({ () throws(SystemError) in try FileSystem.isBtrfs(opened) }) else {
      throw .notBtrfs(path: path)
    }
    return opened
  }

  /// What is under a name: `nil` if nothing is.
  func subvolume(_ name: String) throws(InstallError) -> SubvolumeInfo? {
    try directory.subvolume(name)
  }
}

extension Descriptor {
  /// Opens the subvolume under a name of this directory; `nil` if there is nothing.
  func openSubvolume(_ name: String) throws(InstallError) -> Descriptor? {
    guard let opened = try openDirectory(name) else { return nil }
    guard try attempt({ () throws(SystemError) in try Subvolume.isSubvolume(opened) }) else {
      throw .notSubvolume(name: name)
    }
    return opened
  }

  private func openDirectory(_ name: String) throws(InstallError) -> Descriptor? {
    do throws(SystemError) {
      return try open(beneath: name, [.readOnly, .directory, .noFollow])
    } catch {
      switch error.errno {
      case .noSuchFile: return nil
      case .notDirectory, .tooManySymbolicLinks: throw .notSubvolume(name: name)
      default: throw InstallError(error)
      }
    }
  }

  /// What the kernel knows of the subvolume under a name; `nil` if there is nothing.
  func subvolume(_ name: String) throws(InstallError) -> SubvolumeInfo? {
    guard let subvolume = try openSubvolume(name) else { return nil }
    return try attempt { () throws(SystemError) in try Subvolume.info(of: subvolume) }
  }
}
