public import Bytes
public import Crypto
public import UpdateFile

/// A version that was installed.
public struct Installation: Hashable, Sendable {
  /// The version.
  public var version: SystemVersion
  /// Its subvolume.
  public var uuid: SubvolumeUUID
  /// The trusted keys that signed the update, ascending.
  public var signers: [SHA256Digest]
  /// Whether also the modification times are what was signed; not so where the first version came
  /// to the device in an image or archive that lost them.
  public var hasSignedTimes: Bool
  /// What was done besides: recovery, and making room.
  public var changes: [DeviceChange]
  /// How many bytes were written to the file system's devices meanwhile, by this and by whatever
  /// else wrote; `nil` where the kernel does not say.
  public var bytesWritten: UInt64?
  /// How many sections of the update had not to be carried out, because an apply that was interrupted
  /// had done so; 0 if it began afresh.
  public var skippedSections: Int
}

/// Whether an update is for a device.
public struct UpdateReport: Sendable {
  /// What the update is; `nil` if it cannot be trusted or read.
  public var manifest: Manifest?
  /// Why it cannot be applied, all the reasons; none if it can.
  public var problems: [InstallError]

  /// A report.
  public init(manifest: Manifest?, problems: [InstallError]) {
    self.manifest = manifest
    self.problems = problems
  }
}
