internal import Bytes
public import Linux

/// A stick with updates on it, or any other block device that somebody plugged in.
///
/// It is mounted at no place, so nothing but this process sees it: read-only, without devices,
/// programs or set-user-ID, and by no other kind of file system than the caller allows, since each
/// kind is a parser that the stick's maker may attack.
public struct UpdateStick: Sendable {
  /// The block device.
  public let device: String
  /// The kind of file system that it has.
  public let fileSystem: String

  /// The log's name, in the top directory.
  public static let logName = "btrfs-update.log"
  /// A log that is longer begins anew, in bytes.
  public static let maximumLogLength: UInt64 = 1 << 20

  private static let attributes: MountAttributes = [
    .noSetUserID, .noDevices, .noExecution, .noAccessTimes,
  ]

  /// Finds out by which of some kinds of file system a device can be mounted.
  ///
  /// - Throws: ``InstallError/system(_:)``, that of the last kind; `EINVAL` if it is no block device.
  public init(_ device: String, fileSystems: [String]) throws(InstallError) {
    let status = try attempt { () throws(SystemError) in
      try Descriptor.open(device, [.path]).status()
    }
    guard status.type == .blockDevice else {
      throw .system(SystemError(operation: "fsopen", path: device, errno: .invalidArgument))
    }
    var failure = SystemError(operation: "fsopen", path: device, errno: .noDevice)
    for fileSystem in fileSystems {
      do throws(SystemError) {
        _ = try DetachedMount(
          fileSystem, of: device, Self.attributes.union(.readOnly), isReadOnly: true)
        (self.device, self.fileSystem) = (device, fileSystem)
        return
      } catch { failure = error }
    }
    throw .system(failure)
  }

  /// Lends the top directory to a closure, read-only. Afterwards the stick is not mounted any more.
  public func withDirectory<Result>(
    _ body: (borrowing Descriptor) throws -> Result
  ) throws -> Result {
    let mount = try DetachedMount(
      fileSystem, of: device, Self.attributes.union(.readOnly), isReadOnly: true)
    let root = try mount.root()
    return try body(root)
  }

  /// Adds text to the log, and waits until it is on the stick.
  ///
  /// The log is a file of one fixed name. A link or anything else of that name is refused.
  ///
  /// - Throws: ``InstallError/system(_:)``, `EROFS` for a stick that is protected.
  public func log(_ text: String) throws(InstallError) {
    try attempt { () throws(SystemError) in
      let mount = try DetachedMount(fileSystem, of: device, Self.attributes)
      let root = try mount.root()
      let file = try root.open(
        beneath: Self.logName, [.writeOnly, .append, .create, .noFollow, .nonBlocking],
        permissions: 0o644)
      let status = try file.status()
      guard status.type == .regular, status.linkCount == 1 else {
        throw SystemError(operation: "open", path: file.path, errno: .fileExists)
      }
      let bytes = Array(text.utf8)
      if status.size > Self.maximumLogLength { try file.truncate(to: 0) }
      try file.write(bytes.rawSpan)
      try file.sync()
      try root.syncFileSystem()
    }
  }
}
