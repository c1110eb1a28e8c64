internal import Crypto
public import DeltaStream
public import Linux
internal import Recompress
public import SendStream
public import UpdateFile
internal import XZ

extension CommandFailure {
  /// What an error of one of the libraries means; `nil` for one that is none of theirs.
  public init?(explaining error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as SystemError: self.init(error)
    case let error as UpdateFileError: self.init(error)
    case let error as UpdateExpansionError: self.init(error)
    case let error as DeltaStreamError: self.init(error)
    case let error as StreamError: self.init(error)
    case let error as KeyError: self.init(.badKey, "\(error)")
    case let error as XZError: self.init(Self.exit(of: error), "\(error)")
    default: return nil
    }
  }

  /// What a failed system call means: its own exit status where it has one.
  public init(_ error: SystemError) {
    switch error.errno {
    case .noSpace, .quotaExceeded:
      self.init(.noSpace, "\(error): make room and run it again")
    case .noMemory: self.init(.noMemory, "\(error): free memory and run it again")
    case .noSuchFile, .accessDenied, .inputOutput, .isDirectory, .notDirectory, .fileExists,
      .readOnlyFileSystem, .brokenPipe:
      self.init(.inputOutput, "\(error)")
    default:
      let isOfFile = Self.fileOperations.contains(error.operation)
      self.init(isOfFile ? .inputOutput : .systemFailure, "\(error)")
    }
  }

  /// Calls that fail on a file, whatever the reason.
  private static let fileOperations: Set<String> = [
    "open", "openat2", "read", "pread", "write", "pwrite", "fsync", "getdents64", "linkat",
    "renameat2",
  ]

  /// What a wrong stream means.
  public init(_ error: StreamError) {
    switch error {
    case .notASendStream: self.init(.notAStream, "\(error)")
    case .truncated: self.init(.truncated, "\(error)")
    case .unsupportedVersion: self.init(.unsupported, "\(error)")
    default: self.init(.damaged, "\(error)")
    }
  }

  /// What a delta stream that does not expand means.
  public init(_ error: DeltaStreamError) {
    switch error {
    case .stream(let error): self.init(error)
    case .opening(.failed(.wrongLibrary(_, _)), _): self.init(.cannotRebuild, "\(error)")
    case .notKept(let failure): self.init(CommandFailure(failure).exit, "\(error)")
    case .opening(.failed(.corrupt(_)), _), .opening(.failed(.truncated(_)), _), .source,
      .sourceTooShort:
      self.init(.parentModified, "\(error): this is not the parent that the update was built from")
    default: self.init(.damaged, "\(error)")
    }
  }

  /// What an update that does not expand means.
  public init(_ error: UpdateExpansionError) {
    switch error {
    case .updateFile(let error): self.init(error)
    case .deltaStream(let error): self.init(error)
    case .badRecipe(.unknownRecipe(_)): self.init(.unsupported, "\(error)")
    case .secondStream, .badKnowledge, .badRecipe: self.init(.damaged, "\(error)")
    case .sectionDiffers, .plainStreamDiffers: self.init(.parentModified, "\(error)")
    }
  }

  /// What a wrong update file means.
  public init(_ error: UpdateFileError) {
    self.init(Self.exit(of: error), "\(error)")
  }

  private static func exit(of error: UpdateFileError) -> ProgramExit {
    switch error {
    case .notSigned: .unsigned
    case .noTrustedSignature, .thresholdNotReached, .invalidThreshold: .untrusted
    case .badSignature: .badSignature
    case .unsupportedRevision, .unsupportedFeature: .unsupported
    case .memoryLimit: .noMemory
    case .headTruncated, .payloadTruncated: .truncated
    case .pieceLength, .pieceDigest, .sectionMismatch, .emptySection: .damaged
    case .xz(let error): exit(of: error)
    case .notAnUpdateFile, .headForm, .headTooLong, .excessInput, .streamVersion,
      .notASendStream, .unexpectedCommand, .commandTruncated, .commandChecksum,
      .tooManySignatures, .duplicateSignature, .signatureOrder, .unknownAttribute,
      .duplicateAttribute, .misplacedAttribute, .missingAttribute, .attributeTruncated,
      .attributeLength, .notCanonical, .invalidText, .invalidValue, .inconsistent,
      .baseVersionMismatch, .signatureLength, .invalidKey, .repeatedKey:
      .notAnUpdate
    }
  }
  private static func exit(of error: XZError) -> ProgramExit {
    switch error {
    case .outOfMemory, .memoryLimitReached: .noMemory
    case .truncated: .truncated
    case .unsupportedOptions, .unsupportedCheck: .unsupported
    case .notXZ, .corrupt: .damaged
    case .alreadyFinished, .unexpected: .internalFailure
    }
  }
}
