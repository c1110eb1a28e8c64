/// What the kernel is to send, and how (`struct btrfs_ioctl_send_args`).
public struct SendOptions: Hashable, Sendable {
  /// Which version of the format to write: 1 or 2. Version 2 needs Linux 6.0.
  public var version: UInt32

  /// `BTRFS_SEND_FLAG_NO_FILE_DATA`: changed ranges are named, not sent.
  public var omitsFileData: Bool

  /// `BTRFS_SEND_FLAG_OMIT_STREAM_HEADER`: for all but the first of several subvolumes in one
  /// stream.
  public var omitsStreamHeader: Bool

  /// `BTRFS_SEND_FLAG_OMIT_END_CMD`: for all but the last of several subvolumes in one stream.
  public var omitsEndCommand: Bool

  /// `BTRFS_SEND_FLAG_COMPRESSED`: compressed extents travel as they are; version 2 only.
  public var keepsCompressedExtents: Bool

  /// How to send; with no arguments, a whole stream of version 1.
  public init(
    version: UInt32 = 1, omitsFileData: Bool = false, omitsStreamHeader: Bool = false,
    omitsEndCommand: Bool = false, keepsCompressedExtents: Bool = false
  ) {
    self.version = version
    self.omitsFileData = omitsFileData
    self.omitsStreamHeader = omitsStreamHeader
    self.omitsEndCommand = omitsEndCommand
    self.keepsCompressedExtents = keepsCompressedExtents
  }
}
