internal import Btrfs
internal import Linux
internal import SendStream

// Finishing a subvolume. A power cut before step 5 leaves the temporary one, which is no subvolume that
// anybody takes for whole.
//
//  1. what was lifted for the time being is restored, such as immutable flags
//  2. sync: the data is on disk before anything says that it is
//  3. the received UUID is set        (the kernel commits)
//  4. it becomes read-only            (the kernel commits)
//  5. it gets its name
//  6. commit                          a power cut before it leaves either name, and a whole subvolume
extension SubvolumeReceiver {
  /// Finishes the subvolume, if there is one.
  mutating func finishCurrent() throws(SubvolumeReceiveError) {
    guard let subvolume = current else { return }
    do throws(SubvolumeReceiveError) {
      try end(subvolume)
      try seal(subvolume)
      try publish(subvolume)
    } catch {
      discardCurrent()
      throw error
    }
    current = nil
    observer(.finished(subvolume.subvolume, isMarked: subvolume.errorCount == 0))
  }

  private mutating func end(_ subvolume: SubvolumeInProgress) throws(SubvolumeReceiveError) {
    do throws(ReceiveError) {
      try subvolume.receiver.carryOut(.end)
      try subvolume.receiver.finish()
    } catch {
      guard subvolume.receiver.hasCommandLeft else { throw .command(error) }
      try passOver(.command(error), in: subvolume)
      try end(subvolume)
    }
  }

  /// Puts the subvolume on disk, and only then marks it as received and whole, if it is.
  private func seal(_ subvolume: SubvolumeInProgress) throws(SubvolumeReceiveError) {
    try attempt { () throws(SystemError) in
      guard subvolume.errorCount == 0 else { return try subvolume.root.syncFileSystem() }
      try Subvolume.seal(
        subvolume.root, uuid: subvolume.subvolume.uuid,
        sendTransaction: subvolume.subvolume.ctransid)
    }
  }

  /// Gives the subvolume its name; one that could not be put on disk is taken back, so that an error
  /// always means: not received.
  private func publish(_ subvolume: SubvolumeInProgress) throws(SubvolumeReceiveError) {
    let (name, staging) = (subvolume.subvolume.name, subvolume.stagingName)
    do throws(SystemError) {
      try directory.rename(staging, to: name, .notReplacing)
    } catch {
      throw error.errno == .fileExists ? .exists(name: name) : .system(error)
    }
    do throws(SystemError) { try FileSystem.commit(directory) } catch {
      try attempt { () throws(SystemError) in
        try directory.rename(name, to: staging, .notReplacing)
      }
      throw .system(error)
    }
  }
}

extension Receiver {
  /// What failed is passed over: the caller knows that the subvolume is not what the stream means.
  mutating func goOnAfterFailure() {
    hasCommandLeft = false
    if state == .failed { state = .receiving }
  }
}
