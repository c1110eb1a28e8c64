public import Bytes
public import Linux

/// A subvolume that a stream makes.
public struct ReceivedSubvolume: Hashable, Sendable {
  /// Its name in the directory that is received into.
  public var name: [UInt8]
  /// The UUID of the subvolume that was sent, which becomes its received UUID.
  public var uuid: SubvolumeUUID
  /// The transaction that goes with ``uuid``: `stransid`.
  public var ctransid: UInt64
  /// The parent's UUID and transaction as the stream has them; `nil` for a full stream.
  public var parent: (uuid: SubvolumeUUID, ctransid: UInt64)? {
    parentUUID.isZero ? nil : (parentUUID, parentCtransid)
  }

  var parentUUID = SubvolumeUUID.none
  var parentCtransid: UInt64 = 0
}

/// What a ``SubvolumeReceiver`` tells of.
public enum SubvolumeReceiveEvent: Sendable {
  /// A subvolume begins: the stream has named it, and nothing is done yet.
  case began(ReceivedSubvolume)
  /// It is whole, on disk, and has its name. Unless `isMarked`, some of its commands failed.
  case finished(ReceivedSubvolume, isMarked: Bool)
  /// A command failed, and receiving goes on.
  case passedOver(SubvolumeReceiveError)
  /// What there is of a subvolume that could not be received is kept under this name.
  case kept([UInt8])
  /// What there is of a subvolume that could not be received could not be removed.
  case leftBehind([UInt8], SystemError)
}
