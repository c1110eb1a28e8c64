internal import Btrfs
internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Receive
internal import Tree
internal import UpdateFile

// Installing, step by step. A power cut before step 8 leaves `.sys_root_vN.staging`, which the next
// call deletes; nothing else was touched, so the device is as it was.
//
//  1. staging is made: a writable snapshot of the parent, or of the checkpoint of an interrupted call
//     of the same update, or an empty subvolume
//  2. the payload is carried out in it, each piece checked before it is decoded; between sections a
//     checkpoint is made every now and then: see `LockedDevice.checkpoint`
//  3. the plain stream's digest, the end of the file, and the tree's digest are checked
//  4. sync: the data is on disk before anything says that it is
//  5. the received UUID is set        (the kernel commits)
//  6. staging becomes read-only       (the kernel commits)
//  7. the manifest is kept, and what it says of keys is noted as pending; that of a version that
//     does not exist means nothing
//  8. staging is renamed to sys_root_vN
//  9. commit                          a power cut before it leaves staging or sys_root_vN, whole
// 10. the last checkpoint is deleted
//
// A checkpoint outlives a kill, a power cut, and a call that failed; not an update that is wrong.
extension LockedDevice {
  /// Installs an update that the checks have let through.
  borrowing func install(
    _ verified: VerifiedManifest, from source: borrowing UpdateSource,
    parent: ParentMatch?, _ resumption: Resumption?, _ options: InstallOptions,
    _ observer: InstallObserver
  ) throws(InstallError) -> Installation {
    let version = SystemVersion(verified.manifest.toVersion)
    let hasSignedTimes = parent?.hasSignedTimes ?? true
    let name = DeviceNames.staging(version)
    do throws(InstallError) {
      let staging = try makeStaging(name, parent: parent, resumption?.point)
      let progress = try ApplyProgress(verified, parent: parent)
      let receiving = PlainReceiving(
        manifest: verified.manifest, start: resumption?.cut ?? .start,
        dataWritten: resumption?.point.dataWritten ?? 0,
        checkpointInterval: options.checkpointInterval, memoryLimit: options.maximumMemory)
      try receive(receiving, from: source, into: staging, parent: parent, observer) {
        (cut, written) in
        keepCheckpoint(of: staging, progress.point(cut, dataWritten: written), cut.knowledge)
      }
      try verify(staging, verified.manifest, isFull: hasSignedTimes, observer)
      let uuid = try seal(staging, verified.manifest, observer)
      try note(uuid, hasSignedTimes: hasSignedTimes)
      try state.keep(manifest: verified.manifestBytes, of: version)
      try state.changeKeys { $0.expecting(verified.manifest.keyChanges, from: version) }
      try rename(name, to: DeviceNames.version(version), .notReplacing)
      try commitOrTakeBack(version)
      discardLeftovers(keepsCheckpoint: false)
      return Installation(
        version: version, uuid: uuid, signers: verified.signers, hasSignedTimes: hasSignedTimes,
        changes: [], skippedSections: receiving.start.section)
    } catch {
      discardLeftovers(keepsCheckpoint: error.leavesCheckpoint)
      throw error
    }
  }

  private func makeStaging(
    _ name: String, parent: ParentMatch?, _ point: ResumePoint?
  ) throws(InstallError) -> Descriptor {
    try attempt { () throws(SystemError) in
      if let point {
        let checkpoint = try directory.open(
          beneath: point.name, [.readOnly, .directory, .noFollow])
        try Subvolume.snapshot(of: checkpoint, as: name, in: directory)
      } else if let parent {
        try Subvolume.snapshot(of: parent.root, as: name, in: directory)
      } else {
        try Subvolume.create(name, in: directory)
      }
      return try directory.open(beneath: name, [.readOnly, .directory, .noFollow])
    }
  }

  private func receive(
    _ receiving: borrowing PlainReceiving, from source: borrowing UpdateSource,
    into staging: borrowing Descriptor, parent: ParentMatch?,
    _ observer: InstallObserver, atCut: (ExpansionCut, UInt64) -> Void
  ) throws(InstallError) {
    let sources = CloneSources()
    let root = try attempt { () throws(SystemError) in try staging.duplicate() }
    let tree = try attempt { () throws(SystemError) in
      let new = try ParentTree(root: staging.duplicate())
      let temporary = try TemporaryFiles(in: directory.duplicate())
      guard let signed = receiving.manifest.parent, let parent else {
        return UpdateTrees(parent: nil, staging: new, temporaryFiles: temporary)
      }
      try sources.add(parent.root.duplicate(), as: signed.uuid, signed.ownUUID)
      return UpdateTrees(
        parent: try ParentTree(root: parent.root.duplicate()), staging: new,
        temporaryFiles: temporary)
    }
    var receiver = try receiving.receiver(root, sources)
    try receiving.run(source, tree: tree, receiver: &receiver, observer, atCut: atCut)
  }

  /// Makes a checkpoint if that can be done: without it there is only more to do after a power cut.
  private func keepCheckpoint(
    of staging: borrowing Descriptor, _ point: ResumePoint, _ knowledge: [UInt8]
  ) {
    do throws(InstallError) {
      try checkpoint(staging, point, knowledge: knowledge)
    } catch {
      // The one before still is what the record says, or there is none.
    }
  }

  private func verify(
    _ staging: borrowing Descriptor, _ manifest: Manifest, isFull: Bool,
    _ observer: InstallObserver
  ) throws(InstallError) {
    let check = TreeCheck(.verifying, size: manifest.target.dataSize)
    let digest = try check.digest(of: staging, observer)
    guard digest.content == manifest.target.contentDigest,
      !isFull || digest.full == manifest.target.fullDigest
    else { throw .resultDiffers }
  }

  /// Puts the tree on disk, and only then marks it as received and whole.
  private func seal(
    _ staging: borrowing Descriptor, _ manifest: Manifest, _ observer: InstallObserver
  ) throws(InstallError) -> SubvolumeUUID {
    try ProgressReport(phase: .syncing, total: 0)(0, to: observer)
    return try attempt { () throws(SystemError) in
      try Subvolume.seal(
        staging, uuid: manifest.target.uuid, sendTransaction: manifest.target.ctransid)
      return try Subvolume.info(of: staging).uuid
    }
  }

  /// Notes a tree whose times are not what was signed; forgets those that are gone.
  func note(_ uuid: SubvolumeUUID, hasSignedTimes: Bool) throws(InstallError) {
    let before = try state.inexactTrees()
    if hasSignedTimes, before.uuids.isEmpty { return }
    let present = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    var trees = before
    trees.uuids.formIntersection(present.map(\.uuid))
    if !hasSignedTimes { trees.uuids.insert(uuid) }
    if trees != before { try state.write(trees) }
  }

  /// What could not be put on disk is taken back, so that an error always means: not installed.
  private func commitOrTakeBack(_ version: SystemVersion) throws(InstallError) {
    do throws(InstallError) { try commit() } catch {
      try rename(DeviceNames.version(version), to: DeviceNames.staging(version), .notReplacing)
      throw error
    }
  }

  /// Deletes staging, the manifest if there is no such version, and maybe the checkpoint.
  private func discardLeftovers(keepsCheckpoint: Bool) {
    do throws(InstallError) {
      if !keepsCheckpoint { try dropCheckpoints() }
      var changes: [DeviceChange] = []
      try removeLeftovers(&changes)
    } catch {
      // The next call does it.
    }
  }
}
