public import Bytes
public import Crypto
public import DeltaStream
public import Linux
public import Receive
public import Recompress
public import UpdateFile

/// Why something on a device's disk could not be done.
public enum InstallError: Error {
  /// The process has not root's rights.
  case notRoot
  /// The directory is not on btrfs.
  case notBtrfs(path: String)
  /// What `/` runs from is not btrfs, or it cannot be told where that is.
  case noRunningSystem
  /// A block device cannot be mounted as btrfs.
  case notMountable(device: String, SystemError)
  /// Another process is changing the device.
  case busy(holder: LockHolder?)
  /// No such version is installed; `nil` if there is none at all.
  case noSuchVersion(SystemVersion?)
  /// The subvolume of an installed version can be written to: it may be anything.
  case versionNotReadOnly(SystemVersion)
  /// A program of the device's administrator refused what was to be done, or could not be asked.
  case hookFailed(HookFailure)
  /// There is no `sys_root_last`.
  case nothingToRollBack
  /// The system on trial is not the one that runs: nobody can say yet how it does.
  case notBooted(SystemVersion?)
  /// No system is on trial, or not the one of that version.
  case notOnTrial(SystemVersion?)
  /// The boot loader could not be told what boots next, or had no room for it; the device boots what
  /// it booted before.
  case boot(BootError)
  /// A name of the layout belongs to something that is no subvolume.
  case notSubvolume(name: String)
  /// A file below `.btrfs-update` does not hold what this program wrote.
  case recordCorrupt(name: String, RecordFlaw)
  /// The journal says that something was begun, but the disk shows neither its beginning nor its
  /// end: somebody else has moved things meanwhile.
  case journalMismatch(JournalEntry)
  /// Nothing in the file is signed by anybody.
  case notSigned
  /// None of the signatures is by a trusted key.
  case notTrusted
  /// Trusted keys have signed the update, but not as many as are needed.
  case tooFewSignatures(good: Int, needed: Int)
  /// The update revokes so many keys that fewer would be left than have to sign.
  case tooFewKeysLeft(left: Int, needed: Int)
  /// With the update's, the device would have to remember more keys or revocations than it does.
  case tooManyKeys(limit: Int)
  /// A signature by a trusted key is wrong: the head was changed after it was signed.
  case badSignature(keyID: SHA256Digest)
  /// The file is no update file.
  case notUpdateFile
  /// The update is of another revision of the format.
  case unsupportedRevision(UInt32)
  /// The update needs a feature that this program does not have.
  case unsupportedFeature(UInt16)
  /// The update has a kind of recipe that this program does not know.
  case unsupportedRecipe(UInt8)
  /// The update needs a newer program.
  case toolTooOld(needed: ToolVersion, present: ToolVersion)
  /// The update is for another kind of device; `nil` is none in particular.
  case wrongProduct(expected: String?, found: String?)
  /// The update's version is below the floor.
  case olderVersion(floor: SystemVersion, found: SystemVersion)
  /// The update's version is installed already, or something else has its name.
  case alreadyInstalled(SystemVersion)
  /// There is no subvolume that could be what the update starts from.
  case parentMissing(version: SystemVersion)
  /// What the update starts from is there, but its contents are not what was signed.
  case parentModified(name: String)
  /// There is no such subvolume to adopt.
  case noSubvolume(name: String)
  /// What is to be adopted is neither what the update starts from nor what it makes.
  case notAdoptable(name: String, parent: SystemVersion?, target: SystemVersion)
  /// What has the name of a version is another one.
  case otherVersion(name: String, SystemVersion)
  /// There is not enough room on the disk; both in bytes.
  case notEnoughSpace(needed: UInt64, available: UInt64)
  /// There is not enough room for what the file system keeps about files; both in bytes.
  case notEnoughMetadataSpace(needed: UInt64, available: UInt64)
  /// A quota group that counts the new version has not enough room left; both in bytes.
  case quotaReached(group: String, needed: UInt64, available: UInt64)
  /// Something could not be carried over from the old system into the new one.
  case notCarriedOver(path: String, SystemError)
  /// A version has never been found good on this device, so it is no ground for a reset.
  case notProven(SystemVersion)
  /// A factory reset is not finished: until it is, nothing else can become current.
  case resetUnfinished(SystemError)
  /// There is no such subvolume to be wiped, or it is one of the device's own.
  case notWipeable(name: String)
  /// There is not enough memory; both in bytes.
  case notEnoughMemory(needed: UInt64, available: UInt64)
  /// This machine's libraries do not make compressed files again as the update counts on.
  case notRebuilt([RecipeSelfTest.Failure])
  /// A directory that should hold some updates has more names than anybody looks through.
  case tooManyNames(path: String, limit: Int)
  /// The head of the file is damaged, or was never right.
  case damagedHead(UpdateFileError)
  /// What follows the head is damaged, or was never right.
  case damagedPayload(UpdateExpansionError)
  /// The file ends before what was signed does.
  case fileTruncated
  /// Something follows what was signed.
  case trailingBytes
  /// A command was not carried out.
  case receive(ReceiveError)
  /// The stream makes another subvolume than its manifest says.
  case otherTarget(SubvolumeUUID)
  /// The tree that came out is not what was signed.
  case resultDiffers
  /// An installed version is not what was signed any more.
  case versionModified(SystemVersion)
  /// It is not known what an installed version should be: it was not installed from an update.
  case noManifest(SystemVersion)
  /// The observer ended it.
  case cancelled
  /// The file system ran full.
  case spaceExhausted(SystemError)
  /// A system call failed.
  case system(SystemError)

  /// What a failed system call means.
  init(_ error: SystemError) {
    switch error.errno {
    case .noSpace, .quotaExceeded: self = .spaceExhausted(error)
    default: self = .system(error)
    }
  }

  /// What a wrong head means.
  init(_ error: UpdateFileError) {
    switch error {
    case .notSigned: self = .notSigned
    case .noTrustedSignature: self = .notTrusted
    case .thresholdNotReached(let good, let needed):
      self = .tooFewSignatures(good: good, needed: needed)
    case .badSignature(let keyID): self = .badSignature(keyID: keyID)
    case .notAnUpdateFile: self = .notUpdateFile
    case .headTruncated: self = .fileTruncated
    case .streamVersion(let version): self = .unsupportedRevision(version >> 16)
    case .unsupportedRevision(let revision): self = .unsupportedRevision(revision)
    case .unsupportedFeature(let feature): self = .unsupportedFeature(feature)
    default: self = .damagedHead(error)
    }
  }

  /// What a wrong payload means.
  init(_ error: UpdateExpansionError) {
    switch error {
    case .updateFile(.memoryLimit(let needed, let limit)):
      self = .notEnoughMemory(needed: needed, available: limit)
    case .deltaStream(.source(_, let failure)), .deltaStream(.notKept(let failure)):
      self = failure.isLocal ? InstallError(failure) : .damagedPayload(error)
    case .badRecipe(.unknownRecipe(let number)): self = .unsupportedRecipe(number)
    default: self = .damagedPayload(error)
    }
  }

  /// What a command that was not carried out means.
  init(_ error: ReceiveError) {
    // What the disk or the kernel does not do is no fault of the update.
    switch error.reason {
    case .system(let failure) where failure.isLocal: self = InstallError(failure)
    default: self = .receive(error)
    }
  }
}

extension SystemError {
  /// Whether the machine failed, and not what it was asked for was wrong.
  fileprivate var isLocal: Bool {
    [.noSpace, .quotaExceeded, .inputOutput, .noMemory, .readOnlyFileSystem, .tooManyOpenFiles]
      .contains(errno)
  }
}

/// Asks a boot backend; its errors are the installer's then.
func attemptBackend<Result: ~Copyable>(
  _ body: () throws(BootError) -> Result
) throws(InstallError) -> Result {
  do throws(BootError) { return try body() } catch { throw .boot(error) }
}

/// Makes system calls whose errors are the installer's.
func attempt<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(InstallError) -> Result {
  do throws(SystemError) { return try body() } catch { throw InstallError(error) }
}
