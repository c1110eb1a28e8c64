internal import Btrfs
internal import Bytes
public import Linux
internal import Tree
internal import UpdateFile

extension Device {
  /// Installs an update as `sys_root_vN`, beside what there is; activating it is another call.
  ///
  /// The source is read once, from front to end, and to its end before anything is published.
  /// Nothing in it is decoded before it is authenticated. Whatever fails, the device stays as it
  /// was; but what is half done when a call fails or the process ends is kept as a checkpoint, if there
  /// was one, and the same update goes on from there.
  ///
  /// - Parameters:
  ///   - source: the update: a file or a pipe.
  ///   - options: whom to trust, and what this device is.
  ///   - observer: is told how far it has come, and may end it.
  ///
  /// The hooks `install-check` and `pre-install` are asked when all else is found to fit;
  /// `post-install` is told.
  ///
  /// - Throws: ``InstallError``; of several reasons, the first in the order of the manual: trust,
  ///   format, product, version, parent, space, memory, libraries, contents.
  public func apply(
    _ source: borrowing Descriptor, _ options: InstallOptions,
    observer: InstallObserver = { _ in true }
  ) throws(InstallError) -> Installation {
    let source = try UpdateSource(source)
    let head = try source.readHead()
    // Most of what is not for this device is refused before anything is touched; unless there is
    // something to recover, which may change who is trusted.
    if try !hasJournal() { try head.admitted(by: options, keys()) }
    let device = try LockedDevice(self, for: "apply")
    let writtenBefore = device.bytesWritten()
    var changes = try device.recover()
    // Only now nobody else can revoke a key any more.
    let verified = try head.admitted(by: options, device.state.keys())
    var checks = UpdateChecks(manifest: verified.manifest, options: options)
    try checks.checkKeys(device.state.keys())
    try checks.checkFloor(device.state.floor())
    try checks.checkNotInstalled(in: device.directory)
    let inexact = try device.state.inexactTrees()
    let parent = try checks.findParent(in: device.directory, inexact, observer)
    let resumption = try device.resumption(
      of: verified, parent: parent, isWanted: options.resumes)
    checks.dataPresent = resumption?.point.dataWritten ?? 0
    if options.pruning == .never { try checks.checkSpace(in: device.directory) }
    // Nothing is deleted for what cannot be applied anyway.
    try checks.checkMemory()
    try checks.checkRecipes()
    var facts = HookFacts(directory, verified)
    try hooks.ask(.installCheck, facts)
    try hooks.ask(.preInstall, facts)
    changes += try device.makeRoom(
      for: checks, options.pruning, on: self, parent: parent?.uuid())
    try checks.checkSpace(in: device.directory)
    var installation = try device.install(
      verified, from: source, parent: parent, resumption,
      options, observer)
    facts.name = DeviceNames.version(installation.version)
    installation.changes = changes + hooks.tell(.postInstall, facts)
    if let before = writtenBefore, let after = device.bytesWritten(), after >= before {
      installation.bytesWritten = after - before
    }
    return installation
  }

  /// Whether an update is for this device, and else why not, by its head alone. Changes nothing.
  ///
  /// - Parameter source: the update; it is read to the end of its head.
  public func check(
    _ source: borrowing Descriptor, _ options: InstallOptions,
    observer: InstallObserver = { _ in true }
  ) -> UpdateReport {
    let manifest: Manifest
    let keys: DeviceKeys
    do throws(InstallError) {
      keys = try self.keys()
      manifest = try UpdateSource(source).readHead().verified(for: options, keys).manifest
    } catch {
      return UpdateReport(manifest: nil, problems: [error])
    }
    let checks = UpdateChecks(manifest: manifest, options: options)
    var problems: [InstallError] = []
    func ask(_ question: () throws(InstallError) -> Void) {
      do throws(InstallError) { try question() } catch { problems.append(error) }
    }
    ask { () throws(InstallError) in try checks.checkTool() }
    ask { () throws(InstallError) in try checks.checkProduct() }
    ask { () throws(InstallError) in try checks.checkKeys(keys) }
    ask { () throws(InstallError) in
      try checks.checkFloor(StateDirectory(ifIn: directory)?.floor())
    }
    ask { () throws(InstallError) in try checks.checkNotInstalled(in: directory) }
    ask { () throws(InstallError) in
      _ = try checks.findParent(in: directory, InexactTrees(), observer)
    }
    // Else it is asked when it is made.
    if options.pruning == .never {
      ask { () throws(InstallError) in try checks.checkSpace(in: directory) }
    }
    ask { () throws(InstallError) in try checks.checkMemory() }
    ask { () throws(InstallError) in try checks.checkRecipes() }
    return UpdateReport(manifest: manifest, problems: problems)
  }

  /// Compares an installed version with what was signed when it was installed.
  ///
  /// - Throws: ``InstallError/versionModified(_:)`` if it is not that any more;
  ///   ``InstallError/noSuchVersion(_:)``, ``InstallError/noManifest(_:)``.
  public func verify(
    _ version: SystemVersion, observer: InstallObserver = { _ in true }
  ) throws(InstallError) {
    guard let root = try directory.openSubvolume(DeviceNames.version(version)) else {
      throw .noSuchVersion(version)
    }
    let manifest = try keptManifest(of: version)
    let digest = try TreeCheck(.verifying, size: manifest.target.dataSize)
      .digest(of: root, observer)
    let inexact = try StateDirectory(ifIn: directory)?.inexactTrees() ?? InexactTrees()
    let isInexact = try inexact.uuids.contains(
      subvolume(DeviceNames.version(version))?.uuid ?? .none)
    guard digest.content == manifest.target.contentDigest,
      isInexact || digest.full == manifest.target.fullDigest
    else { throw .versionModified(version) }
  }

  /// The manifest by which a version was installed.
  ///
  /// - Throws: ``InstallError/noManifest(_:)``, if none is kept.
  func keptManifest(of version: SystemVersion) throws(InstallError) -> Manifest {
    guard let state = try StateDirectory(ifIn: directory),
      let bytes = try state.manifest(of: version, limit: UpdateHead.maximumLength)
    else { throw .noManifest(version) }
    do throws(UpdateFileError) { return try Manifest(parsing: bytes.rawSpan) } catch {
      throw InstallError(error)
    }
  }
}

extension UpdateHead {
  /// What the head says, if enough keys that the device trusts have signed it.
  fileprivate func verified(
    for options: InstallOptions, _ keys: DeviceKeys
  ) throws(InstallError) -> VerifiedManifest {
    do throws(UpdateFileError) {
      return try verified(
        by: keys.trusted(with: options.keys), threshold: options.neededKeys)
    } catch {
      throw InstallError(error)
    }
  }

  /// The same, if the update is for such a device and such a program.
  @discardableResult
  func admitted(
    by options: InstallOptions, _ keys: DeviceKeys
  ) throws(InstallError) -> VerifiedManifest {
    let verified = try verified(for: options, keys)
    let checks = UpdateChecks(manifest: verified.manifest, options: options)
    try checks.checkTool()
    try checks.checkProduct()
    return verified
  }
}

extension Device {
  func hasJournal() throws(InstallError) -> Bool {
    try StateDirectory(ifIn: directory)?.journal() != nil
  }
}

extension UpdateChecks {
  /// What the update starts from; `nil` if it is a full one.
  // swiftc 6.3.1 -O crashes ("forwardToInit") when it inlines this.
  @inline(never)
  fileprivate func findParent(
    in directory: borrowing Descriptor, _ inexact: InexactTrees, _ observer: InstallObserver
  ) throws(InstallError) -> ParentMatch? {
    guard let parent = manifest.parent else { return nil }
    return try ParentSearch(parent: parent, inexact: inexact).find(in: directory, observer)
  }
}

extension HookFacts {
  fileprivate init(_ directory: borrowing Descriptor, _ verified: borrowing VerifiedManifest) {
    self.init(directory)
    from = verified.manifest.parent.map { SystemVersion($0.version) }
    to = SystemVersion(verified.manifest.toVersion)
    product = verified.manifest.product
    signers = verified.signers
  }
}
