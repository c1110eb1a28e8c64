public import Bytes
public import Linux

extension Subvolume {
  /// Makes a writable subvolume one that was received: its data goes to the disk, and only then it is
  /// marked, and becomes read-only.
  ///
  /// The mark and the flag are on disk when this returns. A power cut before leaves a subvolume without
  /// mark, or one with a mark and all its data.
  ///
  /// - Parameters:
  ///   - uuid: the UUID of the subvolume that was sent.
  ///   - sendTransaction: its ctransid there.
  public static func seal(
    _ subvolume: borrowing Descriptor, uuid: SubvolumeUUID, sendTransaction: UInt64
  ) throws(SystemError) {
    try subvolume.syncFileSystem()
    try setReceived(subvolume, uuid: uuid, sendTransaction: sendTransaction)
    try setReadOnly(true, subvolume)
  }
}
