internal import Linux
internal import Recompress

extension InstallError: CustomStringConvertible {
  /// What failed, on what, why, and what to do: one line.
  public var description: String {
    deviceDescription ?? trustDescription ?? fitDescription ?? damageDescription
  }

  private var deviceDescription: String? {
    switch self {
    case .notRoot: "this needs root's rights"
    case .notBtrfs(let path): "\"\(path)\" is not on a btrfs file system"
    case .noRunningSystem:
      "it cannot be told which btrfs file system this system runs from; name it with --device, "
        + "or a directory with --root"
    case .notMountable(let device, let error): "\"\(device)\" cannot be mounted as btrfs: \(error)"
    case .busy(let holder?): "the device is being changed by \(holder); try again when it is done"
    case .busy(nil): "the device is being changed by another process; try again when it is done"
    case .noSuchVersion(let version?): "version \(version) is not installed"
    case .noSuchVersion(nil): "no version is installed"
    case .versionNotReadOnly(let version):
      "\(DeviceNames.version(version)) can be written to, so it may have been changed; "
        + "install version \(version) again"
    case .notBooted(let version):
      "\(Self.system(version)) is on trial, but it is not what runs now: boot it first, or name its "
        + "version to decide without"
    case .notOnTrial(nil): "no system is on trial"
    case .notOnTrial(let version?): "version \(version) is not on trial"
    case .boot(let error): "the boot loader cannot be changed: \(error)"
    case .nothingToRollBack: "there is no \(DeviceNames.last) to go back to"
    case .hookFailed(let failure): "\(failure); nothing was changed"
    case .notSubvolume(let name): "\"\(name)\" is in the way: it is not a subvolume"
    case .recordCorrupt(let name, let flaw):
      "\(DeviceNames.state)/\(name) is damaged: \(flaw); nothing was changed"
    case .journalMismatch(let entry):
      "\(DeviceNames.state)/\(DeviceNames.journal) says that \(entry) was interrupted, but the "
        + "subvolumes have been changed since by other means; look at them, then remove the file"
    case .notCarriedOver(let path, let error):
      "\"\(path)\" cannot be carried over into the new system: \(error)"
    case .notProven(let version):
      "version \(version) was never found good on this device, so there is nothing to reset to; "
        + "activate it first, or name another version"
    case .resetUnfinished(let error):
      "a factory reset is not finished, and nothing else can become current before it is: \(error); "
        + "if the file system is full, `prune` makes room"
    case .notWipeable(let name):
      "\"\(name)\" cannot be wiped: it is not a subvolume beside \(DeviceNames.current), or is one "
        + "that the versions need"
    case .tooManyNames(let path, let limit):
      "\"\(path)\" has more than \(limit) names: put the updates where there are fewer"
    case .spaceExhausted(let error): "the file system is full: \(error)"
    case .system(let error): error.description
    default: nil
    }
  }

  private var trustDescription: String? {
    switch self {
    case .notSigned: "the update is not signed"
    case .notTrusted: "the update is not signed by a trusted key"
    case .tooFewSignatures(let good, let needed):
      "the update is signed by \(good) of the \(needed) trusted keys needed"
    case .tooFewKeysLeft(let left, let needed):
      "the update revokes too many keys: \(left) would be trusted afterwards, and "
        + "\(needed) must be, or nothing could be installed any more"
    case .tooManyKeys(let limit):
      "the device cannot remember more than \(limit) keys and revocations"
    case .badSignature(let keyID):
      "the signature by key \(keyID) is wrong: the update was changed after it was signed"
    case .notUpdateFile: "this is not an update file"
    case .unsupportedRevision(let revision):
      "the update has revision \(revision) of the format, which this program cannot read"
    case .unsupportedFeature(let feature):
      "the update needs feature \(feature), which this program does not have"
    case .unsupportedRecipe(let number):
      "the update has compressed files of kind \(number), which this program cannot make"
    case .toolTooOld(let needed, let present):
      "the update needs version \(needed) of this program, which is \(present)"
    default: nil
    }
  }

  private var fitDescription: String? {
    switch self {
    case .wrongProduct(let expected, let found):
      "the update is for \(Self.product(found)), this device is \(Self.product(expected))"
    case .olderVersion(let floor, let found):
      "version \(found) is older than \(floor), which was in use already"
    case .alreadyInstalled(let version): "version \(version) is already installed"
    case .parentMissing(let version):
      "the update starts from version \(version), which is not installed; if it came in an image, "
        + "`adopt` makes it known"
    case .noSubvolume(let name): "there is no subvolume \"\(name)\" beside \(DeviceNames.current)"
    case .notAdoptable(let name, let parent, let target):
      "\(name) is not version \(parent.map { "\($0), which the update starts from, nor version " } ?? "")"
        + "\(target), which the update makes: it was modified, or is another system"
    case .otherVersion(let name, let version): "\(name) is version \(version)"
    case .parentModified(let name):
      "\(name) was modified: it is not what the update starts from"
    case .notEnoughSpace(let needed, let available):
      "the update needs \(needed) bytes of disk space, \(available) are free"
    case .notEnoughMetadataSpace(let needed, let available):
      "the update needs \(needed) bytes of disk space for metadata, \(available) are free"
    case .quotaReached(let group, let needed, let available):
      "the update needs \(needed) bytes of disk space, quota group \(group) leaves \(available)"
    case .notRebuilt(let failures):
      "compressed files would not come out as they should: "
        + failures.map(\.description).joined(separator: "; ")
    case .notEnoughMemory(let needed, let available):
      "the update needs \(needed) bytes of memory, \(available) are available"
    default: nil
    }
  }

  private static func system(_ version: SystemVersion?) -> String {
    version.map { "version \($0)" } ?? "a system of no known version"
  }

  private static func product(_ product: String?) -> String {
    product.map { "product \"\($0)\"" } ?? "no product in particular"
  }

  private var damageDescription: String {
    switch self {
    case .damagedHead(let error): "the update is damaged: \(error)"
    case .damagedPayload(let error): "the update is damaged: \(error)"
    case .fileTruncated: "the update is cut off: the file ends too early"
    case .trailingBytes: "the update is damaged: something follows its end"
    case .receive(let error): "the update cannot be carried out: \(error)"
    case .otherTarget(let uuid):
      "the update is damaged: it makes subvolume \(uuid), not the one that was signed"
    case .resultDiffers: "what came out is not what was signed; it was deleted again"
    case .versionModified(let version):
      "\(DeviceNames.version(version)) is not what was signed any more"
    case .noManifest(let version):
      "there is no record of what \(DeviceNames.version(version)) should be"
    case .cancelled: "stopped on request"
    default: "the device cannot be changed"
    }
  }
}
