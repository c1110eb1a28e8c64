internal import Btrfs
internal import Bytes
internal import Linux

/// Finds the subvolumes that a stream means by UUIDs, wherever they are in the file system.
///
/// They are opened through a mount of the top level that nobody else sees, so that it does not matter
/// what is mounted where. Where that cannot be made, such as in a container without the device,
/// they are opened beneath a mount that the caller gives.
final class SubvolumeSearch {
  private let directory: Descriptor
  private let rootMount: Descriptor?
  private var topLevel: Descriptor?

  /// - Parameters:
  ///   - directory: anything that is open in the file system.
  ///   - rootMount: the root of a mount of it, or of a subvolume of it.
  init(in directory: consuming Descriptor, rootMount: consuming Descriptor?) {
    self.directory = directory
    self.rootMount = rootMount
  }

  /// Opens the subvolume that a stream means by a UUID: that was received from it, or that has it.
  ///
  /// Of several it is one that nothing has changed; a read-only one rather than a writable one.
  ///
  /// - Parameter ctransid: the transaction that the stream gives with it. One that differs is no
  ///   error: a stream of a received subvolume has the original's UUID, but not its transaction.
  func open(
    _ uuid: SubvolumeUUID, ctransid: UInt64
  ) throws(SubvolumeReceiveError) -> Descriptor {
    var candidates: [SubvolumeCandidate] = []
    var failure: SubvolumeReceiveError?
    for id in try ids(of: uuid) {
      do throws(SubvolumeReceiveError) {
        if let found = try candidate(id, uuid, ctransid) { candidates.append(found) }
      } catch { failure = failure ?? error }
    }
    candidates.sort { $0.rank < $1.rank }
    for candidate in candidates {
      if try attempt({ () throws(SystemError) in try !candidate.isChanged() }) {
        return try attempt { () throws(SystemError) in try candidate.root.duplicate() }
      }
    }
    if let first = candidates.first { throw .parentChanged(uuid, path: first.path) }
    throw failure ?? .parentMissing(uuid)
  }

  private func ids(of uuid: SubvolumeUUID) throws(SubvolumeReceiveError) -> [UInt64] {
    if uuid.isZero { return [] }
    return try attempt { () throws(SystemError) in
      let received = try FileSystem.subvolumes(receivedFrom: uuid, in: directory)
      return try received + FileSystem.subvolumes(withUUID: uuid, in: directory)
    }
  }

  /// `nil` if it is gone.
  private func candidate(
    _ id: UInt64, _ uuid: SubvolumeUUID, _ ctransid: UInt64
  ) throws(SubvolumeReceiveError) -> SubvolumeCandidate? {
    let path = try attempt { () throws(SystemError) in try Subvolume.path(of: id, in: directory) }
    guard let path else { return nil }
    do throws(SystemError) {
      let root = try open(path)
      let info = try Subvolume.info(of: root)
      guard info.id == id, info.receivedUUID == uuid || info.uuid == uuid else { return nil }
      return SubvolumeCandidate(root: root, info: info, path: path, uuid: uuid, ctransid: ctransid)
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw .parentUnreachable(uuid, path: path, error)
    }
  }

  /// Opens a path below the top level.
  private func open(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    if topLevel == nil {
      do throws(SystemError) { topLevel = try mountTopLevel() } catch {
        if rootMount == nil { throw error }
      }
    }
    if let topLevel = try topLevel?.duplicate() {
      return try topLevel.open(beneath: path, .directory)
    }
    return try openBeneathRootMount(path)
  }

  private func mountTopLevel() throws(SystemError) -> Descriptor {
    let devices = try FileSystem.devicePaths(of: directory)
    guard let mount = try FileSystem.mountTopLevel(ofAny: devices, sharedWith: directory) else {
      throw SystemError(operation: "fsmount", path: directory.path, errno: .noDevice)
    }
    return try mount.root()
  }

  /// Opens what the root mount shows.
  private func openBeneathRootMount(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    let outside = SystemError(
      operation: "openat2", path: String(decoding: path, as: UTF8.self), errno: .crossDevice)
    guard let root = try rootMount?.duplicate(),
      var prefix = try Subvolume.path(of: Subvolume.info(of: root).id, in: directory)
    else { throw outside }
    if path == prefix { return root }
    if !prefix.isEmpty { prefix.append(UInt8(ascii: "/")) }
    guard path.starts(with: prefix) else { throw outside }
    return try root.open(beneath: Array(path.dropFirst(prefix.count)), .directory)
  }
}

/// A subvolume that a UUID may mean.
private final class SubvolumeCandidate {
  let root: Descriptor
  let path: [UInt8]
  /// The lower, the likelier.
  let rank: (Int, Int, Int, Int, UInt64)
  private let info: SubvolumeInfo
  private let isReceived: Bool

  init(
    root: consuming Descriptor, info: SubvolumeInfo, path: [UInt8], uuid: SubvolumeUUID,
    ctransid: UInt64
  ) {
    (self.info, self.path) = (info, path)
    isReceived = info.receivedUUID == uuid
    let isUntouched =
      isReceived ? info.isUntouchedSinceReceive : info.changeTransaction == ctransid
    let isSame = (isReceived ? info.sendTransaction : info.changeTransaction) == ctransid
    rank = (
      info.isReadOnly ? 0 : 1, isUntouched ? 0 : 1, isSame ? 0 : 1, isReceived ? 0 : 1, info.id
    )
    self.root = root
  }

  /// Whether it is known to be something else by now than what was received.
  ///
  /// Of an original nothing says so: its transaction may be another one than the stream's although
  /// it is the same, where the stream was made of a copy.
  func isChanged() throws(SystemError) -> Bool {
    isReceived ? try Subvolume.wasChangedSinceReceive(root) : false
  }
}
