public import Bytes
public import Linux

extension Receiver {
  /// A receiver that goes on where another one was when it paused, in the same subvolume or in a
  /// snapshot of it.
  ///
  /// - Parameters:
  ///   - root: as in ``init(root:cloneSources:options:)``.
  ///   - uuid: what SUBVOL or SNAPSHOT said, which does not come again.
  ///   - ctransid: the transaction that goes with it.
  ///   - cloneSources: the subvolumes that CLONE may read besides it.
  ///   - options: how commands are carried out, where there is a choice.
  public init(
    resumingIn root: consuming Descriptor, uuid: SubvolumeUUID, ctransid: UInt64,
    cloneSources: CloneSources = CloneSources(), options: ReceiveOptions = ReceiveOptions()
  ) throws(ReceiveError) {
    try self.init(root: root, cloneSources: cloneSources, options: options)
    (self.uuid, self.ctransid) = (uuid, ctransid)
    state = .receiving
  }

  /// Whether SUBVOL or SNAPSHOT was there, END was not, and nothing has failed.
  public var isReceiving: Bool { state == .receiving }

  /// Makes the subvolume hold all that the commands so far have made of it, so that a snapshot of it
  /// will do to go on from: immutable and append-only flags are restored, and files closed. What
  /// the next commands need is opened, and its protection lifted, again.
  ///
  /// - Throws: ``ReceiveError/Reason/outOfOrder`` unless it ``isReceiving``.
  public mutating func pause() throws(ReceiveError) {
    try settle()
    do throws(ReceiveError.Reason) {
      guard state == .receiving else { throw .outOfOrder }
      state = .failed
      try protection.restore()
      special = nil
      tree.close()
      cloneSources.close()
      sync.wait()
      state = .receiving
    } catch {
      throw ReceiveError(command: nil, path: [], reason: error)
    }
  }
}
