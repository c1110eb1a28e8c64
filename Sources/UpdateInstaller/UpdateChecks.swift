internal import Btrfs
internal import Crypto
internal import Linux
internal import UpdateFile

/// The questions whether an update is for a device, one by one, in the order in which they are
/// asked. None of them changes anything.
struct UpdateChecks: ~Copyable {
  let manifest: Manifest
  let options: InstallOptions

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
    guard !options.forcesDowngrade, let floor, version < floor else { return }
    throw .olderVersion(floor: floor, found: version)
  }

  func checkNotInstalled(in directory: borrowing Descriptor) throws(InstallError) {
    let name = DeviceNames.version(version)
    guard try attempt({ () throws(SystemError) in try !directory.hasEntry(name) }) else {
      throw .alreadyInstalled(version)
    }
  }

  /// What does not fit into the metadata that is allocated takes from the unallocated space that
  /// counts as available for data, twice where metadata is kept twice.
  func checkSpace(in directory: borrowing Descriptor) throws(InstallError) {
    let space = try attempt { () throws(SystemError) in try FileSystem.space(in: directory) }
    let needs = manifest.needs
    let moreMetadata =
      needs.diskMetadata > space.availableMetadata
      ? needs.diskMetadata - space.availableMetadata : 0
    // No overflow: the manifest's sizes are at most 2^62, and doubled one of them is 2^63.
    let needed = needs.diskData &+ moreMetadata &* 2
    guard needed <= space.availableData else {
      throw .notEnoughSpace(needed: needed, available: space.availableData)
    }
  }

  func checkMemory() throws(InstallError) {
    guard let available = Machine.availableMemory() else { return }
    guard manifest.needs.memory <= available else {
      throw .notEnoughMemory(needed: manifest.needs.memory, available: available)
    }
  }
}
