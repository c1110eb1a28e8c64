internal import CommandSupport
internal import Receive
internal import UpdateBuilder
internal import UpdateFile
internal import XZ

/// What the errors that the build server's commands meet mean.
enum DeltaFailure {
  /// The exit status and the line for an error; `nil` for one of the command line.
  static func explain(_ error: any Error) -> CommandFailure? {
    if let error = error as? BuildError { return failure(error) }
    if let error = error as? FinishedUpdateError { return failure(error) }
    if let error = error as? SubvolumeReceiveError { return failure(error) }
    return CommandFailure(explaining: error)
  }

  /// What it means that a stream was not received.
  static func failure(_ error: SubvolumeReceiveError) -> CommandFailure {
    switch error {
    case .system(let error): CommandFailure(error)
    case .notBtrfs: CommandFailure(.notBtrfs, "\(error)")
    case .exists: CommandFailure(.alreadyInstalled, "\(error)")
    case .busy: CommandFailure(.busy, "\(error)")
    case .incomplete: CommandFailure(.truncated, "\(error)")
    case .outOfOrder: CommandFailure(.damaged, "\(error)")
    case .parentMissing, .parentUnreachable: CommandFailure(.parentMissing, "\(error)")
    case .parentChanged: CommandFailure(.parentModified, "\(error)")
    case .command(let error): failure(error)
    }
  }

  private static func failure(_ error: ReceiveError) -> CommandFailure {
    switch error.reason {
    case .system(let failure):
      // The number of the failed call, the words of the command.
      CommandFailure(CommandFailure(failure).exit, "\(error)")
    case .unknownCloneSource: CommandFailure(.parentMissing, "\(error)")
    case .unsupported: CommandFailure(.unsupported, "\(error)")
    default: CommandFailure(.damaged, "\(error)")
    }
  }

  private static func failure(_ error: FinishedUpdateError) -> CommandFailure {
    switch error {
    case .system(let error): CommandFailure(error)
    case .updateFile(.tooManySignatures), .key, .alreadySigned:
      CommandFailure(.badKey, "\(error)")
    case .wrongSignature, .updateFile(.signatureLength):
      CommandFailure(.badSignature, "\(error)")
    case .updateFile(let error): CommandFailure(error)
    case .truncated: CommandFailure(.truncated, "\(error)")
    case .trailingBytes: CommandFailure(.trailingBytes, "\(error)")
    }
  }

  private static func failure(_ error: BuildError) -> CommandFailure {
    switch error {
    case .system(let error): CommandFailure(error)
    case .notRoot: CommandFailure(.notRoot, "\(error)")
    case .noKey, .keyOfUnsigned, .key, .updateFile(.repeatedKey),
      .updateFile(.attributeLength(.addedKeys, _)),
      .updateFile(.attributeLength(.revokedKeys, _)), .updateFile(.tooManySignatures),
      .updateFile(.duplicateSignature):
      CommandFailure(.badKey, "\(error)")
    case .notSubvolume, .differentFileSystems: CommandFailure(.notBtrfs, "\(error)")
    case .notReadOnly, .sameTree, .noVersion, .sameVersion, .olderVersion, .notExpressible:
      CommandFailure(.badTree, "\(error)")
    case .memoryTooSmall: CommandFailure(.noMemory, "\(error)")
    case .unsupportedStreamVersion, .otherZstd, .tooManyRecipes: CommandFailure(.usage, "\(error)")
    case .cancelled: CommandFailure(.cancelled, "\(error)")
    case .unsupportedCommand: CommandFailure(.unsupported, "\(error)")
    case .updateFile(.invalidText(.product)): CommandFailure(.usage, "--compatible: \(error)")
    case .xz(.outOfMemory), .updateFile(.xz(.outOfMemory)): CommandFailure(.noMemory, "\(error)")
    case .diff, .recompress, .kernelStream, .kernelStreamRestarted, .deltaStream, .xz, .updateFile,
      .selfCheckFailed, .planChanged, .planFailedCheck:
      CommandFailure(.internalFailure, "\(error)")
    }
  }
}
