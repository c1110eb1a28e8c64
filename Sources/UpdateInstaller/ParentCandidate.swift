internal import Btrfs
internal import Bytes
internal import Crypto
internal import Linux
internal import Tree
internal import UpdateFile

/// A subvolume that may be the tree that an update starts from.
struct ParentCandidate {
  var info: SubvolumeInfo
  /// Whether nothing wrote to it since it was what was signed: then its contents need no look.
  var isUntouched: Bool
  /// Whether it has the name that the update's parent has.
  var hasName: Bool

  /// `nil` if it has neither the UUID nor the name.
  init?(_ info: SubvolumeInfo, for parent: Manifest.Parent) {
    if LockedDevice.isLeftover(info.text) { return nil }
    let wanted = [parent.uuid, parent.ownUUID].filter { !$0.isZero }
    let isReceived = wanted.contains(info.receivedUUID)
    let isOriginal = wanted.contains(info.uuid)
    hasName = info.text == DeviceNames.version(SystemVersion(parent.version))
    guard isReceived || isOriginal || hasName else { return nil }
    self.info = info
    // What is writable may be written to right now.
    isUntouched =
      info.isReadOnly
      && (isReceived && info.isUntouchedSinceReceive
        || isOriginal && info.changeTransaction == parent.ctransid)
  }

  private var rank: (Int, Int, Int) {
    (info.isReadOnly ? 0 : 1, isUntouched ? 0 : 1, hasName ? 0 : 1)
  }

  /// Whether it is to be tried before the other.
  func precedes(_ other: ParentCandidate) -> Bool {
    if rank != other.rank { return rank < other.rank }
    return info.name.lexicographicallyPrecedes(other.info.name)
  }
}

/// The tree that an update starts from, found and proven.
final class ParentMatch: Sendable {
  /// An open descriptor of its root.
  let root: Descriptor
  /// Whether its modification times are also what was signed, and so will be those of the result.
  let hasSignedTimes: Bool

  init(root: consuming Descriptor, hasSignedTimes: Bool) {
    self.root = root
    self.hasSignedTimes = hasSignedTimes
  }

  func uuid() throws(InstallError) -> SubvolumeUUID {
    try attempt { () throws(SystemError) in try Subvolume.info(of: root).uuid }
  }
}

/// Finds an update's parent among the subvolumes of a device.
struct ParentSearch: ~Copyable {
  let parent: Manifest.Parent
  /// Subvolumes that came from an image or archive that lost their files' exact times.
  let inexact: InexactTrees

  /// The best candidate that is the parent.
  ///
  /// - Throws: ``InstallError/parentMissing(version:)``, ``InstallError/parentModified(name:)``.
  func find(
    in directory: borrowing Descriptor, _ observer: InstallObserver
  ) throws(InstallError) -> ParentMatch {
    let subvolumes = try attempt { () throws(SystemError) in
      // What was written a moment ago counts as a change only once it is on its way to the disk.
      try FileSystem.commit(directory)
      return try Subvolume.list(in: directory)
    }
    let candidates = subvolumes.compactMap { ParentCandidate($0, for: parent) }
      .sorted { $0.precedes($1) }
    guard let first = candidates.first else {
      throw .parentMissing(version: SystemVersion(parent.version))
    }
    var failure: InstallError?
    for candidate in candidates {
      do throws(InstallError) {
        if let match = try match(candidate, in: directory, observer) { return match }
      } catch {
        if case .cancelled = error { throw error }
        // One that cannot be read leaves the others.
        failure = failure ?? error
      }
    }
    throw failure ?? .parentModified(name: first.info.text)
  }

  /// A candidate, if it is the parent.
  private func match(
    _ candidate: ParentCandidate, in directory: borrowing Descriptor, _ observer: InstallObserver
  ) throws(InstallError) -> ParentMatch? {
    guard let root = try directory.openSubvolume(candidate.info.text) else { return nil }
    if candidate.isUntouched {
      let isExact = !inexact.uuids.contains(candidate.info.uuid)
      return ParentMatch(root: root, hasSignedTimes: isExact)
    }
    let digest = try TreeCheck(.checkingParent).digest(of: root, observer)
    guard digest.content == parent.contentDigest else { return nil }
    return ParentMatch(root: root, hasSignedTimes: digest.full == parent.fullDigest)
  }
}
