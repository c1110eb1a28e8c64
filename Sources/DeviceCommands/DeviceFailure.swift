internal import CommandSupport
internal import Configuration
internal import UpdateInstaller

/// What the errors that the device's commands meet mean.
enum DeviceFailure {
  /// The exit status and the line for an error; `nil` for one of the command line.
  static func explain(_ error: any Error) -> CommandFailure? {
    if let error = error as? InstallError { return failure(error) }
    if let error = error as? ConfigurationError { return failure(error) }
    return CommandFailure(explaining: error)
  }

  /// The exit status and the line for a configuration that is wrong.
  static func failure(_ error: ConfigurationError) -> CommandFailure {
    if case .system(let error) = error { return CommandFailure(error) }
    return CommandFailure(.badConfiguration, "\(error)")
  }

  /// The exit status and the line for an error of the installer.
  static func failure(_ error: InstallError) -> CommandFailure {
    switch error {
    case .system(let error): CommandFailure(error)
    case .spaceExhausted(let error): CommandFailure(error)
    case .resetUnfinished(let cause): CommandFailure(CommandFailure(cause).exit, "\(error)")
    case .damagedHead(let error): CommandFailure(error)
    case .damagedPayload(let error): CommandFailure(error)
    default: CommandFailure(exit(of: error), "\(error)")
    }
  }

  private static func exit(of error: InstallError) -> ProgramExit {
    switch error {
    case .notRoot: .notRoot
    case .notBtrfs, .noRunningSystem, .notMountable: .notBtrfs
    case .busy: .busy
    case .noSuchVersion, .nothingToRollBack, .noManifest, .notProven, .noSubvolume: .noSuchVersion
    case .notBooted: .notBooted
    case .notOnTrial: .notOnTrial
    case .boot(.full): .noSpace
    case .boot: .bootLoader
    case .recordCorrupt, .journalMismatch: .journalCorrupt
    case .notSigned: .unsigned
    case .notTrusted, .tooFewSignatures, .tooFewKeysLeft, .tooManyKeys: .untrusted
    case .badSignature: .badSignature
    case .notUpdateFile, .damagedHead: .notAnUpdate
    case .unsupportedRevision, .unsupportedFeature, .unsupportedRecipe, .toolTooOld: .unsupported
    case .wrongProduct: .wrongProduct
    case .olderVersion: .olderVersion
    case .alreadyInstalled: .alreadyInstalled
    case .parentMissing: .parentMissing
    case .parentModified, .notAdoptable, .otherVersion: .parentModified
    case .notEnoughSpace, .notEnoughMetadataSpace, .quotaReached, .spaceExhausted: .noSpace
    case .notEnoughMemory: .noMemory
    case .notRebuilt: .cannotRebuild
    case .damagedPayload, .receive, .otherTarget: .damaged
    case .fileTruncated: .truncated
    case .trailingBytes: .trailingBytes
    case .resultDiffers, .versionModified, .versionNotReadOnly: .resultDiffers
    case .cancelled: .cancelled
    case .hookFailed: .hookFailed
    case .notSubvolume, .notCarriedOver, .system, .resetUnfinished: .systemFailure
    case .notWipeable: .usage
    case .tooManyNames: .noneFits
    }
  }
}
