/// What a program's exit status says; `docs/exit-codes.md` is the table for people.
///
/// A number never changes its meaning.
public enum ProgramExit: Int32, CaseIterable, Sendable {
  /// Done.
  case success = 0
  /// A system call failed in a way that has no number of its own.
  case systemFailure = 1
  /// A fault of ours, such as an update that fails its own check.
  case internalFailure = 2

  /// Root is needed.
  case notRoot = 10
  /// The directory is not on btrfs, or is no subvolume.
  case notBtrfs = 11
  /// Another run holds the lock.
  case busy = 12
  /// A file cannot be opened, read or written.
  case inputOutput = 13
  /// The caller stopped it.
  case cancelled = 14

  /// Not an update file, or its head is damaged.
  case notAnUpdate = 20
  /// Nothing signed it.
  case unsigned = 21
  /// No key that is trusted signed it, or too few did.
  case untrusted = 22
  /// A trusted key's signature is wrong.
  case badSignature = 23
  /// The payload is not what was signed.
  case damaged = 24
  /// The file ends too early.
  case truncated = 25
  /// The file goes on behind its end.
  case trailingBytes = 26
  /// The update needs a newer program.
  case unsupported = 27
  /// Not a send stream.
  case notAStream = 28
  /// A key cannot be read, or is of a wrong kind.
  case badKey = 29

  /// The update is for another product.
  case wrongProduct = 30
  /// The update is older than what the device has had.
  case olderVersion = 31
  /// That version is there already.
  case alreadyInstalled = 32
  /// The version that the update starts from is not there.
  case parentMissing = 33
  /// The version that the update starts from was changed.
  case parentModified = 34
  /// Too little space on the file system.
  case noSpace = 35
  /// Too little memory.
  case noMemory = 36
  /// No update of those given fits.
  case noneFits = 37
  /// The libraries here do not make compressed files as the update counts on.
  case cannotRebuild = 38

  /// What came out is not what was signed.
  case resultDiffers = 40
  /// There is no such version, or nothing to go back to.
  case noSuchVersion = 41
  /// The journal cannot be understood.
  case journalCorrupt = 42
  /// The system on trial is not what runs, so it cannot be judged.
  case notBooted = 43
  /// No system is on trial, or not that one.
  case notOnTrial = 44
  /// The boot loader cannot be changed, or asked.
  case bootLoader = 45

  /// A tree cannot be built from: not read-only, not a subvolume, no version in its name.
  case badTree = 50
  /// Two trees that were compared differ.
  case treesDiffer = 51

  /// A configuration file is wrong, or not one to be trusted.
  case badConfiguration = 60
  /// A hook refused, or could not be run.
  case hookFailed = 61
  /// A health check failed.
  case notHealthy = 62

  /// The command line is wrong (`EX_USAGE`).
  case usage = 64
}
