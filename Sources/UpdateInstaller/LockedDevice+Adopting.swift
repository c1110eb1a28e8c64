internal import Btrfs
internal import Bytes
internal import Crypto
internal import Linux
internal import Tree
internal import UpdateFile

// Adopting, step by step. A power cut before step 7 leaves a staging subvolume, which the next call
// deletes; nothing else was touched that counts.
//
//  1. a writable snapshot of what is adopted is made as staging: nobody changes it while it is read
//  2. of the device's directory itself: what belongs to the device is removed from it
//  3. its digest is compared with the update's two trees
//  4. it is synced, marked as received, and made read-only, as after installing
//  5. that it has other times than were signed is noted; of what the update makes, the manifest is
//     kept, and what it says of keys is pending
//  6. that current or last are of this version is noted
//  7. staging is renamed to sys_root_vN, or exchanged with one that can be written to
//  8. commit
//
// A read-only sys_root_vN that is itself adopted stays as it is: steps 3, 5 and 6 only.
extension LockedDevice {
  /// Makes a subvolume known as one of an update's trees.
  borrowing func adopt(
    _ name: String, as verified: VerifiedManifest, _ checks: borrowing UpdateChecks,
    _ observer: InstallObserver
  ) throws(InstallError) -> Adoption {
    let source = try openAdopted(name)
    let info = try attempt { () throws(SystemError) in
      try FileSystem.commit(directory)
      return try Subvolume.info(of: source)
    }
    let adopted = AdoptedSource(name: name, info: info)
    if info.isReadOnly, DeviceNames.version(named: name) != nil {
      let match = try match(source, adopted, verified.manifest, observer)
      try checkName(of: match, is: name)
      return try note(match, info.uuid, adopted, verified)
    }
    let staging = DeviceNames.staging(SystemVersion(verified.manifest.toVersion))
    do throws(InstallError) {
      try attempt { () throws(SystemError) in
        try Subvolume.snapshot(of: source, as: staging, in: directory)
      }
      let root = try openAdopted(staging)
      if adopted.isDirectory { try removeOwn(from: root) }
      let match = try match(root, adopted, verified.manifest, observer)
      var adoption = try publish(root, staging, match, adopted, verified, checks, observer)
      try removeLeftovers(&adoption.changes)
      return adoption
    } catch {
      var changes: [DeviceChange] = []
      // Or the next call does it.
      do throws(InstallError) { try removeLeftovers(&changes) } catch {}
      throw error
    }
  }

  private func openAdopted(_ name: String) throws(InstallError) -> Descriptor {
    if name == AdoptedSource.directoryName {
      let isSubvolume = try attempt { () throws(SystemError) in
        try Subvolume.isSubvolume(directory)
      }
      guard isSubvolume else { throw .notSubvolume(name: name) }
      return try attempt { () throws(SystemError) in try directory.duplicate() }
    }
    guard let root = try directory.openSubvolume(name) else { throw .noSubvolume(name: name) }
    return root
  }

  /// Removes what is the device's, and not the system's, from a snapshot of the directory.
  private func removeOwn(from root: borrowing Descriptor) throws(InstallError) {
    try attempt { () throws(SystemError) in
      for entry in try root.entries() where entry.inode == Subvolume.placeholderInode {
        let name = String(decoding: entry.name, as: UTF8.self)
        if DeviceNames.isOfDevice(name) { try root.removeDirectory(entry.name) }
      }
      guard try root.hasEntry(DeviceNames.state) else { return }
      let state = try root.open(beneath: DeviceNames.state, [.directory, .noFollow])
      for entry in try state.entries() {
        guard entry.type == .directory else {
          try state.unlink(entry.name)
          continue
        }
        let inner = try state.open(beneath: entry.name, [.directory, .noFollow])
        for file in try inner.entries() { try inner.unlink(file.name) }
        try state.removeDirectory(entry.name)
      }
      try root.removeDirectory(DeviceNames.state)
    }
  }

  /// Which of the update's trees it is.
  private func match(
    _ root: borrowing Descriptor, _ source: AdoptedSource, _ manifest: Manifest,
    _ observer: InstallObserver
  ) throws(InstallError) -> AdoptedMatch {
    let digest = try TreeCheck(.checkingParent).digest(of: root, observer)
    let (parent, target) = (manifest.parent, manifest.target)
    let version = SystemVersion(manifest.toVersion)
    if digest.full == target.fullDigest {
      return AdoptedMatch(tree: .target, version: version, hasSignedTimes: true)
    }
    if let parent, digest.content == parent.contentDigest {
      return AdoptedMatch(
        tree: .parent, version: SystemVersion(parent.version),
        hasSignedTimes: digest.full == parent.fullDigest)
    }
    guard digest.content == target.contentDigest else {
      throw .notAdoptable(
        name: source.name, parent: parent.map { SystemVersion($0.version) }, target: version)
    }
    return AdoptedMatch(tree: .target, version: version, hasSignedTimes: false)
  }

  private func checkName(
    of match: AdoptedMatch, is name: String
  ) throws(InstallError) {
    guard name == DeviceNames.version(match.version) else {
      throw .otherVersion(name: name, match.version)
    }
  }

  /// Notes what there is already.
  private func note(
    _ match: AdoptedMatch, _ uuid: SubvolumeUUID, _ source: AdoptedSource,
    _ verified: VerifiedManifest
  ) throws(InstallError) -> Adoption {
    try keep(match, uuid, source, verified)
    try commit()
    return Adoption(
      version: match.version, uuid: uuid, hasSignedTimes: match.hasSignedTimes, wasThere: true,
      changes: [])
  }

  /// Gives staging the version's name, unless a good one has it.
  private func publish(
    _ root: borrowing Descriptor, _ staging: String, _ match: AdoptedMatch,
    _ source: AdoptedSource, _ verified: VerifiedManifest, _ checks: borrowing UpdateChecks,
    _ observer: InstallObserver
  ) throws(InstallError) -> Adoption {
    let name = DeviceNames.version(match.version)
    let isItself = source.name == name
    if DeviceNames.version(named: source.name) != nil { try checkName(of: match, is: source.name) }
    if !isItself, let present = try directory.openSubvolume(name) {
      let found = try self.match(present: present, match.version, verified, observer)
      let uuid = try attempt { () throws(SystemError) in try Subvolume.info(of: present).uuid }
      return try note(found, uuid, source, verified)
    }
    try checks.checkFloor(of: match.version, state.floor())
    try ProgressReport(phase: .syncing, total: 0)(0, to: observer)
    let identity = match.identity(in: verified.manifest)
    let uuid = try attempt { () throws(SystemError) in
      try Subvolume.seal(
        root, uuid: identity.uuid, sendTransaction: identity.ctransid)
      return try Subvolume.info(of: root).uuid
    }
    try keep(match, uuid, source, verified)
    try renameOrTakeBack(staging, to: name, isItself ? .exchanging : .notReplacing)
    return Adoption(
      version: match.version, uuid: uuid, hasSignedTimes: match.hasSignedTimes, wasThere: false,
      changes: [])
  }

  /// What has the version's name already has to be that version.
  private func match(
    present: borrowing Descriptor, _ version: SystemVersion, _ verified: VerifiedManifest,
    _ observer: InstallObserver
  ) throws(InstallError) -> AdoptedMatch {
    let info = try attempt { () throws(SystemError) in try Subvolume.info(of: present) }
    guard info.isReadOnly else { throw .versionNotReadOnly(version) }
    let source = AdoptedSource(name: DeviceNames.version(version), info: info)
    do throws(InstallError) {
      let found = try match(present, source, verified.manifest, observer)
      if found.version == version { return found }
    } catch {
      guard case .notAdoptable = error else { throw error }
    }
    throw .versionModified(version)
  }

  /// Writes down what is known of a version, and of the system that it was made from.
  private func keep(
    _ match: AdoptedMatch, _ uuid: SubvolumeUUID, _ source: AdoptedSource,
    _ verified: VerifiedManifest
  ) throws(InstallError) {
    try note(uuid, hasSignedTimes: match.hasSignedTimes)
    let known = try state.manifest(of: match.version, limit: UpdateHead.maximumLength)
    if match.tree == .target, known == nil {
      let changes = verified.manifest.keyChanges
      try state.changeKeys { $0.expecting(changes, from: match.version) }
      // Last, as it says that all of it is done.
      try state.keep(manifest: verified.manifestBytes, of: match.version)
    }
    guard [DeviceNames.current, DeviceNames.last].contains(source.name) else { return }
    let others = [try self.uuid(DeviceNames.current), try self.uuid(DeviceNames.last)]
    let before = try state.origins()
    let after = before.adding(
      match.version, of: source.info.uuid, keeping: others.compactMap(\.self))
    if after != before { try state.write(after) }
  }

  private func renameOrTakeBack(
    _ staging: String, to name: String, _ mode: RenameMode
  ) throws(InstallError) {
    try rename(staging, to: name, mode)
    do throws(InstallError) { try commit() } catch {
      switch mode {
      case .exchanging: try rename(staging, to: name, .exchanging)
      default: try rename(name, to: staging, .notReplacing)
      }
      throw error
    }
  }
}

/// What is to be adopted.
struct AdoptedSource {
  var name: String
  var info: SubvolumeInfo

  /// The name of the device's directory itself.
  static let directoryName = "."

  /// Whether it is the device's directory itself.
  var isDirectory: Bool { name == Self.directoryName }
}

/// What an adopted tree was found to be.
struct AdoptedMatch {
  var tree: AdoptedTree
  var version: SystemVersion
  /// Whether the modification times are what was signed, too.
  var hasSignedTimes: Bool

  /// How streams name it.
  func identity(in manifest: Manifest) -> (uuid: SubvolumeUUID, ctransid: UInt64) {
    if tree == .parent, let parent = manifest.parent { return (parent.uuid, parent.ctransid) }
    return (manifest.target.uuid, manifest.target.ctransid)
  }
}
