internal import Archive
internal import CommandSupport
internal import Linux
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

  private static func failure(_ error: ChainError) -> CommandFailure {
    let line = "\(error)"
    switch error.reason {
    case .noKey: return CommandFailure(.usage, line)
    case .file(let error): return CommandFailure(failure(error).exit, line)
    case .parentMissing: return CommandFailure(.usage, line)
    case .doesNotFollow: return CommandFailure(.parentMissing, line)
    case .otherProduct: return CommandFailure(.wrongProduct, line)
    case .parentDiffers, .parentTimesDiffer: return CommandFailure(.parentModified, line)
    case .cannotRebuild: return CommandFailure(.cannotRebuild, line)
    case .expansion(let error):
      return CommandFailure(CommandFailure(explaining: error)?.exit ?? .damaged, line)
    case .command(let error):
      guard case .system(let failure) = error.reason else {
        return CommandFailure(.damaged, line)
      }
      return CommandFailure(CommandFailure(failure).exit, line)
    case .targetDiffers: return CommandFailure(.damaged, line)
    case .system(let failure): return CommandFailure(CommandFailure(failure).exit, line)
    }
  }

  private static func failure(_ error: BuildError) -> CommandFailure {
    switch error {
    case .system(let error): CommandFailure(error)
    case .archive(let path, let archive): failure(archive, in: path, "\(error)")
    case .ownership(let error): failure(error)
    case .needsTreePlan: CommandFailure(.usage, "\(error)")
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
    case .badTreeName: CommandFailure(.usage, "\(error)")
    case .chain(let error): failure(error)
    case .unsupportedCommand: CommandFailure(.unsupported, "\(error)")
    case .updateFile(.invalidText(.product)): CommandFailure(.usage, "--compatible: \(error)")
    case .xz(.outOfMemory), .updateFile(.xz(.outOfMemory)): CommandFailure(.noMemory, "\(error)")
    case .diff, .recompress, .kernelStream, .kernelStreamRestarted, .deltaStream, .xz, .updateFile,
      .selfCheckFailed, .planChanged, .planFailedCheck:
      CommandFailure(.internalFailure, "\(error)")
    }
  }

  /// What it means that an archive is no tree.
  private static func failure(
    _ error: ArchiveError, in path: String, _ line: String
  ) -> CommandFailure {
    if error.reason.isLackOfMemory { return CommandFailure(.noMemory, line) }
    return switch error.reason {
    case .system(let error):
      // The files of an archive lie in a temporary directory.
      error.errno == .noSpace || error.errno == .quotaExceeded
        ? CommandFailure(.noSpace, "\(line): make room, or set TMPDIR to another directory")
        : CommandFailure(error)
    case .truncated: CommandFailure(.truncated, line)
    case .dataAfterEnd: CommandFailure(.trailingBytes, line)
    case .gzip, .xz, .zstd, .checksum, .number, .extendedHeader, .extendedValue, .headerTooLong,
      .lonelyHeader, .linkWithData, .sparseMap, .accessControlList:
      CommandFailure(.damaged, line)
    case .unsupportedType: CommandFailure(.unsupported, line)
    case .notAnArchive, .emptyName, .absoluteName, .dotDot, .nulInName, .nameTooLong,
      .notADirectory, .replacesDirectory, .missingLinkTarget, .linkToDirectory, .emptyTarget,
      .attributeName, .attributeTooLong, .accessControlName, .tooManyMembers, .tooMuchMetadata:
      CommandFailure(.badTree, line)
    }
  }

  /// What it means that a device table or fakeroot database cannot be followed.
  private static func failure(_ error: OwnershipError) -> CommandFailure {
    if case .system(let error) = error.reason { return CommandFailure(error) }
    return CommandFailure(.badTree, "\(error)")
  }
}
