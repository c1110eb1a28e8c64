internal import Btrfs
internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import UpdateFile

// A checkpoint, step by step. At any moment the record names a snapshot that exists and is whole, or
// there is none; what it does not name is deleted by the next call.
//
//  1. staging gets its flags back, and its files are closed
//  2. a read-only snapshot of it is made      (the kernel commits, data and all)
//  3. what the expansion needs besides is kept
//  4. the record of it takes the place of the one before
//  5. the snapshot before it is deleted
extension LockedDevice {
  /// The point that is recorded, if it is good for anything.
  func usableResumePoint() throws(InstallError) -> ResumePoint? {
    guard let point = try state.resumePoint(), try point.isUsable(in: directory) else {
      return nil
    }
    return point
  }

  /// Where an update can go on that is going to be installed; `nil` if it begins afresh. A checkpoint
  /// that is of no use to it is deleted.
  borrowing func resumption(
    of verified: borrowing VerifiedManifest, parent: ParentMatch?, isWanted: Bool
  ) throws(InstallError) -> Resumption? {
    let progress = try ApplyProgress(verified, parent: parent)
    if isWanted, let point = try usableResumePoint(), progress.fits(point),
      let cut = try state.cut(of: point)
    {
      return Resumption(point: point, cut: cut)
    }
    let deleted = try dropCheckpoints()
    try waitForSpace(ofSubvolumes: deleted)
    return nil
  }

  /// Makes a checkpoint of a subvolume that is being made.
  borrowing func checkpoint(
    _ staging: borrowing Descriptor, _ point: ResumePoint, knowledge: [UInt8]
  ) throws(InstallError) {
    var point = point
    // Left over from a call that failed: nothing refers to it.
    if try state.resumePoint()?.name != point.name { _ = drop(point.name) }
    point.checkpoint = try attempt { () throws(SystemError) in
      try Subvolume.snapshot(of: staging, as: point.name, in: directory, readOnly: true)
      let snapshot = try directory.open(beneath: point.name, [.readOnly, .directory, .noFollow])
      return try Subvolume.info(of: snapshot).uuid
    }
    try state.write(point, knowledge: knowledge)
    for name in try checkpointNames() where name != point.name { _ = drop(name) }
    try state.removeKnowledge(except: point)
  }

  /// Deletes all checkpoints.
  ///
  /// - Returns: the subvolumes' ids.
  @discardableResult
  borrowing func dropCheckpoints() throws(InstallError) -> [UInt64] {
    try state.removeResumePoint()
    var ids: [UInt64] = []
    for name in try checkpointNames() {
      if let info = try subvolume(name), drop(name) == [.deleted(name: name)] {
        ids.append(info.id)
      }
    }
    return ids
  }

  private func checkpointNames() throws(InstallError) -> [String] {
    try attempt { () throws(SystemError) in
      try directory.entries().map { String(decoding: $0.name, as: UTF8.self) }
        .filter(DeviceNames.isCheckpoint).sorted()
    }
  }
}

/// Where an apply goes on.
struct Resumption {
  var point: ResumePoint
  var cut: ExpansionCut
}

/// What identifies an apply, so that another one can go on with it.
struct ApplyProgress {
  let manifest: SHA512Digest
  let version: SystemVersion
  let parent: ResumePoint.Parent?
  let sectionCount: Int

  init(
    _ verified: borrowing VerifiedManifest, parent match: ParentMatch?
  ) throws(InstallError) {
    let bytes = verified.manifestBytes
    manifest = SHA512.hash(bytes.rawSpan)
    version = SystemVersion(verified.manifest.toVersion)
    sectionCount = verified.manifest.payload.cuts.count
    parent = try match?.identity()
  }

  func fits(_ point: ResumePoint) -> Bool {
    point.manifest == manifest && point.version == version && point.parent == parent
      && point.sectionCount == sectionCount
  }

  /// The point at a cut, without its snapshot.
  func point(_ cut: ExpansionCut, dataWritten: UInt64) -> ResumePoint {
    let knowledge = cut.knowledge
    return ResumePoint(
      manifest: manifest, version: version, parent: parent, section: cut.section,
      sectionCount: sectionCount, dataWritten: dataWritten,
      knowledge: knowledge.isEmpty ? nil : SHA256.hash(knowledge.rawSpan))
  }
}

extension ParentMatch {
  fileprivate func identity() throws(InstallError) -> ResumePoint.Parent {
    let info = try attempt { () throws(SystemError) in try Subvolume.info(of: root) }
    return ResumePoint.Parent(uuid: info.uuid, changeTransaction: info.changeTransaction)
  }
}

extension InstallError {
  /// Whether the same update, tried again, may go on where it was: it was not refused, and the disk
  /// has room for what was made of it.
  var leavesCheckpoint: Bool {
    switch self {
    case .cancelled, .system: true
    default: false
    }
  }
}
