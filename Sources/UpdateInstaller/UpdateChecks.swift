internal import Btrfs
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Recompress
internal import UpdateFile

/// The questions whether an update is for a device, one by one, in the order in which they are
/// asked. None of them changes anything.
struct UpdateChecks: ~Copyable {
  let manifest: Manifest
  let options: InstallOptions
  /// How many bytes of the update's data are on the disk already.
  var dataPresent: UInt64 = 0

  var version: SystemVersion { SystemVersion(manifest.toVersion) }

  func checkTool() throws(InstallError) {
    let needed = manifest.minimumToolVersion
    guard needed <= options.toolVersion else {
      throw .toolTooOld(needed: needed, present: options.toolVersion)
    }
  }

  /// Fails closed: what is for no product in particular is not for one that has a name.
  func checkProduct() throws(InstallError) {
    guard manifest.product == options.product else {
      throw .wrongProduct(expected: options.product, found: manifest.product)
    }
  }

  /// Whether enough keys would be trusted if the update's version were good.
  func checkKeys(_ keys: DeviceKeys) throws(InstallError) {
    let changes = manifest.keyChanges
    if changes.isEmpty { return }
    let left = keys.countLeft(with: options.keys, after: changes, from: version)
    guard changes.revoked.isEmpty || left >= options.neededKeys else {
      throw .tooFewKeysLeft(left: left, needed: options.neededKeys)
    }
    let expected = keys.expecting(changes, from: version)
    let limit = DeviceKeys.maximumCount
    guard expected.learned.count + expected.pendingKeys.count <= limit,
      expected.revoked.count + expected.pendingRevocations.count <= limit
    else { throw .tooManyKeys(limit: limit) }
  }

  func checkFloor(_ floor: SystemVersion?) throws(InstallError) {
    try checkFloor(of: version, floor)
  }

  func checkFloor(
    of version: SystemVersion, _ floor: SystemVersion?
  ) throws(InstallError) {
    guard !options.forcesDowngrade, let floor, version < floor else { return }
    throw .olderVersion(floor: floor, found: version)
  }

  func checkNotInstalled(in directory: borrowing Descriptor) throws(InstallError) {
    let name = DeviceNames.version(version)
    guard try attempt({ () throws(SystemError) in try !directory.hasEntry(name) }) else {
      throw .alreadyInstalled(version)
    }
  }

  /// Asks the block groups and what is not allocated yet, and the quota groups that will count the
  /// new version.
  func checkSpace(in directory: borrowing Descriptor) throws(InstallError) {
    let space = try attempt { () throws(SystemError) in try FileSystem.space(in: directory) }
    // No overflow: the manifest's sizes are at most 2^62.
    let (data, metadata) = (
      diskData &+ min(options.minimumFree, 1 << 62) &+ openedRoom, manifest.needs.diskMetadata
    )
    switch space.shortage(data: data, metadata: metadata) {
    case nil: break
    case .data(let needed, let available):
      throw .notEnoughSpace(needed: needed, available: available)
    case .metadata(let needed, let available):
      throw .notEnoughMetadataSpace(needed: needed, available: available)
    }
    try checkQuota(in: directory)
  }

  /// What has still to be written, in bytes.
  private var diskData: UInt64 {
    manifest.needs.diskData - min(dataPresent, manifest.needs.diskData)
  }

  /// What is kept without a name meanwhile, in bytes: beside the new version, and in no group of it.
  private var openedRoom: UInt64 { manifest.recompression?.room ?? 0 }

  /// Whether compressed files would be made again bit for bit, as far as a sample of each recipe
  /// tells.
  func checkRecipes() throws(InstallError) {
    guard let recompression = manifest.recompression else { return }
    let failures: [RecipeSelfTest.Failure]
    do throws(RecompressError) { failures = try recompression.failures() } catch {
      throw InstallError(.badRecipe(error))
    }
    guard failures.isEmpty else { throw .notRebuilt(failures) }
  }

  /// With simple quotas, a new subvolume joins the groups of the one that it is made in; otherwise
  /// it begins with a group of its own, which has no limit.
  private func checkQuota(in directory: borrowing Descriptor) throws(InstallError) {
    let groups = try attempt { () throws(SystemError) -> [QuotaGroup] in
      guard let quotas = try FileSystem.quotas(in: directory), quotas.isSimple else { return [] }
      let id = try Subvolume.info(of: directory).id
      return quotas.ancestors(of: id).sorted().compactMap { quotas.groups[$0] }
    }
    let needed = diskData &+ manifest.needs.diskMetadata
    for group in groups {
      guard let room = group.room, room < needed else { continue }
      throw .quotaReached(group: group.name, needed: needed, available: room)
    }
  }

  func checkMemory() throws(InstallError) {
    let limits = [Machine.availableMemory(), options.maximumMemory].compactMap(\.self)
    guard let available = limits.min() else { return }
    guard manifest.needs.memory <= available else {
      throw .notEnoughMemory(needed: manifest.needs.memory, available: available)
    }
  }
}
