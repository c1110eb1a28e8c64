public import Bytes
public import Linux

/// What the kernel knows of a subvolume (`struct btrfs_ioctl_get_subvol_info_args`).
public struct SubvolumeInfo: Hashable, Sendable {
  /// The subvolume's id: `treeid`.
  public var id: UInt64
  /// Its name in the directory that holds it; empty for the top level.
  public var name: [UInt8]
  /// The id of the subvolume that holds it; 0 for the top level, or if it was deleted.
  public var parentID: UInt64
  /// Which transaction last changed anything in its tree; also housekeeping counts.
  public var generation: UInt64
  /// The `BTRFS_ROOT_SUBVOL_` flags, as they are on disk.
  public var flags: UInt64

  /// Its own UUID.
  public var uuid: SubvolumeUUID
  /// The UUID of the subvolume that it is a snapshot of; zero for none.
  public var parentUUID: SubvolumeUUID
  /// The UUID of the subvolume that it was received from; zero for none.
  public var receivedUUID: SubvolumeUUID

  /// Which transaction last changed its contents.
  ///
  /// A received subvolume is untouched if this is at most ``receiveTransaction``.
  public var changeTransaction: UInt64
  /// Which transaction made it.
  public var creationTransaction: UInt64
  /// ``changeTransaction`` of what it was received from, there: `stransid`.
  public var sendTransaction: UInt64
  /// Which transaction marked it as received: `rtransid`.
  public var receiveTransaction: UInt64

  /// When its contents last changed.
  public var changeTime: FileTime
  /// When it was made.
  public var creationTime: FileTime
  /// The time that was set with the received UUID.
  public var sendTime: FileTime
  /// When it was marked as received.
  public var receiveTime: FileTime

  /// Whether its contents cannot be changed (`BTRFS_ROOT_SUBVOL_RDONLY`).
  public var isReadOnly: Bool

  /// Whether it was received, and nothing was written to it since.
  ///
  /// Never true for a false reason; but deduplication and defragmentation write, too, without
  /// changing the contents.
  public var isUntouchedSinceReceive: Bool {
    !receivedUUID.isZero && changeTransaction <= receiveTransaction
  }
}
