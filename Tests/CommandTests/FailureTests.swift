import Bytes
import CommandSupport
import Configuration
import Crypto
import DeltaStream
import Linux
import Receive
import Recompress
import SendStream
import Testing
import UpdateBuilder
import UpdateFile
import UpdateInstaller
import XZ

@testable import DeltaCommands
@testable import DeviceCommands

private let key = SHA256.hash([1].rawSpan)
private let system = SystemError(operation: "ioctl", path: "x", errno: .invalidArgument)

@Suite("Exit codes of errors")
struct FailureTests {
  @Test("No two codes are the same number, and success is zero")
  func unique() {
    #expect(Set(ProgramExit.allCases.map(\.rawValue)).count == ProgramExit.allCases.count)
    #expect(ProgramExit.success.rawValue == 0)
  }

  private static let updateFileErrors: [(UpdateFileError, ProgramExit)] = [
    (.notAnUpdateFile, .notAnUpdate), (.headForm(offset: 1), .notAnUpdate),
    (.headTooLong, .notAnUpdate), (.headTruncated(length: 1), .truncated),
    (.excessInput(given: 2, wanted: 1), .notAnUpdate), (.streamVersion(7), .notAnUpdate),
    (.notASendStream, .notAnUpdate), (.unexpectedCommand(number: 1, offset: 2), .notAnUpdate),
    (.commandTruncated(offset: 1), .notAnUpdate), (.commandChecksum(1, offset: 2), .notAnUpdate),
    (.tooManySignatures, .notAnUpdate), (.duplicateSignature(keyID: key), .notAnUpdate),
    (.signatureOrder(keyID: key), .notAnUpdate),
    (.unknownAttribute(number: 1, offset: 2), .notAnUpdate),
    (.duplicateAttribute(.product, offset: 1), .notAnUpdate),
    (.misplacedAttribute(.product, offset: 1), .notAnUpdate),
    (.missingAttribute(.product), .notAnUpdate), (.attributeTruncated(offset: 1), .notAnUpdate),
    (.attributeLength(.product, length: 1), .notAnUpdate), (.notCanonical, .notAnUpdate),
    (.unsupportedRevision(2), .unsupported), (.unsupportedFeature(2), .unsupported),
    (.invalidText(.product), .notAnUpdate), (.invalidValue(.product, value: 1), .notAnUpdate),
    (.inconsistent(.product, stated: 1, found: 2), .notAnUpdate),
    (.baseVersionMismatch(stream: 1, manifest: 2), .notAnUpdate),
    (.invalidKey(index: 1), .notAnUpdate), (.repeatedKey(keyID: key), .notAnUpdate),
    (.signatureLength(1), .notAnUpdate), (.invalidThreshold(0), .untrusted),
    (.notSigned, .unsigned), (.noTrustedSignature, .untrusted),
    (.badSignature(keyID: key), .badSignature),
    (.thresholdNotReached(good: 1, needed: 2), .untrusted),
    (.memoryLimit(needed: 2, limit: 1), .noMemory),
    (.pieceLength(index: 1, length: 2, wanted: 3), .damaged), (.pieceDigest(index: 1), .damaged),
    (.sectionMismatch(index: 1), .damaged), (.payloadTruncated(sections: 1), .truncated),
    (.emptySection(index: 1), .damaged), (.xz(.corrupt(offset: 1)), .damaged),
    (.xz(.outOfMemory), .noMemory), (.xz(.unsupportedCheck), .unsupported),
  ]

  @Test("Each of an update file's errors")
  func updateFile() {
    for (error, exit) in Self.updateFileErrors {
      #expect(CommandFailure(explaining: error)?.exit == exit, "\(error)")
      #expect(DeltaFailure.explain(error)?.exit == exit, "\(error)")
      #expect(CommandFailure(explaining: error)?.message == "\(error)")
      let inside = UpdateExpansionError.updateFile(error)
      #expect(CommandFailure(explaining: inside)?.exit == exit, "\(error)")
      let payload = InstallError.damagedPayload(inside)
      #expect(DeviceFailure.explain(payload)?.exit == exit, "\(error)")
      let head = InstallError.damagedHead(error)
      #expect(DeviceFailure.explain(head)?.exit == exit, "\(error)")
    }
  }

  private static let installErrors: [(InstallError, ProgramExit)] = [
    (.notRoot, .notRoot), (.notBtrfs(path: "x"), .notBtrfs), (.busy(holder: nil), .busy),
    (.noSuchVersion(nil), .noSuchVersion),
    (.versionNotReadOnly(SystemVersion(1)), .resultDiffers),
    (
      .hookFailed(HookFailure(event: .preInstall, reason: .outOfTime(name: "x", .zero))),
      .hookFailed
    ),
    (.nothingToRollBack, .noSuchVersion), (.notSubvolume(name: "x"), .systemFailure),
    (.resetUnfinished(system), .systemFailure),
    (
      .resetUnfinished(SystemError(operation: "x", path: "x", errno: .quotaExceeded)), .noSpace
    ),
    (.tooManyNames(path: "x", limit: 9), .noneFits),
    (.recordCorrupt(name: "floor", .wrongDigest), .journalCorrupt), (.notSigned, .unsigned),
    (.notTrusted, .untrusted), (.tooFewSignatures(good: 1, needed: 2), .untrusted),
    (.tooFewKeysLeft(left: 0, needed: 1), .untrusted), (.tooManyKeys(limit: 9), .untrusted),
    (.badSignature(keyID: key), .badSignature),
    (.notUpdateFile, .notAnUpdate), (.unsupportedRevision(1), .unsupported),
    (.unsupportedFeature(1), .unsupported),
    (.toolTooOld(needed: ToolVersion(2, 0, 0), present: ToolVersion(1, 0, 0)), .unsupported),
    (.wrongProduct(expected: nil, found: "x"), .wrongProduct),
    (.olderVersion(floor: SystemVersion(2), found: SystemVersion(1)), .olderVersion),
    (.alreadyInstalled(SystemVersion(1)), .alreadyInstalled),
    (.parentMissing(version: SystemVersion(1)), .parentMissing),
    (.parentModified(name: "x"), .parentModified),
    (.noSubvolume(name: "x"), .noSuchVersion),
    (
      .notAdoptable(name: "x", parent: SystemVersion(1), target: SystemVersion(2)), .parentModified
    ),
    (.notAdoptable(name: "x", parent: nil, target: SystemVersion(2)), .parentModified),
    (.otherVersion(name: "x", SystemVersion(1)), .parentModified),
    (.notEnoughSpace(needed: 2, available: 1), .noSpace),
    (.notEnoughMemory(needed: 2, available: 1), .noMemory),
    (.notRebuilt([]), .cannotRebuild), (.unsupportedRecipe(9), .unsupported),
    (.damagedHead(.headTooLong), .notAnUpdate), (.damagedPayload(.secondStream), .damaged),
    (.fileTruncated, .truncated), (.trailingBytes, .trailingBytes),
    (.receive(ReceiveError(command: .write, path: [], reason: .unsupported)), .damaged),
    (.otherTarget(.none), .damaged), (.resultDiffers, .resultDiffers),
    (.versionModified(SystemVersion(1)), .resultDiffers),
    (.noManifest(SystemVersion(1)), .noSuchVersion), (.cancelled, .cancelled),
    (.spaceExhausted(SystemError(operation: "write", path: "x", errno: .noSpace)), .noSpace),
    (.system(system), .systemFailure),
    (.system(SystemError(operation: "open", path: "x", errno: .noSuchFile)), .inputOutput),
  ]

  @Test("Each of the installer's errors")
  func install() {
    for (error, exit) in Self.installErrors {
      #expect(DeviceFailure.explain(error)?.exit == exit, "\(error)")
      let message = DeviceFailure.failure(error).message
      #expect(!message.isEmpty && message == QuotedText.oneLine(message))
    }
  }

  private static let buildErrors: [(BuildError, ProgramExit)] = [
    (.notRoot, .notRoot), (.noKey, .badKey), (.keyOfUnsigned, .badKey),
    (.updateFile(.repeatedKey(keyID: key)), .badKey),
    (.updateFile(.attributeLength(.addedKeys, length: 748)), .badKey),
    (.updateFile(.attributeLength(.revokedKeys, length: 544)), .badKey),
    (.key(.libraryFailure), .badKey),
    (.unsupportedStreamVersion(3), .usage), (.notSubvolume(path: "x"), .notBtrfs),
    (.notReadOnly(path: "x"), .badTree),
    (.differentFileSystems(parent: "x", child: "y"), .notBtrfs), (.sameTree(path: "x"), .badTree),
    (.noVersion(path: "x", prefix: "y"), .badTree), (.sameVersion(1), .badTree),
    (.memoryTooSmall(given: 1, needed: 2), .noMemory), (.system(system), .systemFailure),
    (.kernelStream(.truncated(offset: 1)), .internalFailure),
    (.kernelStreamRestarted, .internalFailure), (.unsupportedCommand(.enableVerity), .unsupported),
    (.deltaStream(.badPath(offset: 1)), .internalFailure), (.xz(.outOfMemory), .noMemory),
    (.xz(.notXZ), .internalFailure), (.updateFile(.tooManySignatures), .badKey),
    (.updateFile(.duplicateSignature(keyID: key)), .badKey),
    (.updateFile(.invalidText(.product)), .usage), (.updateFile(.headTooLong), .internalFailure),
    (.notExpressible(path: [0x0A], "y"), .badTree), (.planFailedCheck("x"), .internalFailure),
    (.selfCheckFailed("x"), .internalFailure), (.planChanged, .internalFailure),
    (.otherZstd(device: "1.2.3", here: "1.2.4"), .usage), (.tooManyRecipes(limit: 1), .usage),
    (.recompress(.corrupt(offset: 1)), .internalFailure), (.cancelled, .cancelled),
  ]

  @Test("Each of the builder's errors")
  func build() {
    for (error, exit) in Self.buildErrors {
      #expect(DeltaFailure.explain(error)?.exit == exit, "\(error)")
    }
  }

  private static let chainErrors: [(ChainError.Reason, ProgramExit)] = [
    (.noKey, .usage), (.parentMissing, .usage), (.doesNotFollow("y"), .parentMissing),
    (.otherProduct("y"), .wrongProduct), (.parentDiffers, .parentModified),
    (.parentTimesDiffer, .parentModified), (.cannotRebuild("z"), .cannotRebuild),
    (.targetDiffers, .damaged), (.system(system), .systemFailure),
    (.file(.updateFile(.noTrustedSignature)), .untrusted), (.file(.truncated), .truncated),
    (.expansion(.plainStreamDiffers), .parentModified),
    (.expansion(.updateFile(.pieceDigest(index: 0))), .damaged),
    (
      .command(CatalogReceiveError(command: .write, offset: 1, path: [], reason: .outOfOrder)),
      .damaged
    ),
    (
      .command(
        CatalogReceiveError(
          command: .write, offset: 1, path: [],
          reason: .system(SystemError(operation: "pwrite", path: "x", errno: .noSpace)))),
      .noSpace
    ),
  ]

  @Test("Each of those of chains, with the update's name")
  func chains() {
    for (reason, exit) in Self.chainErrors {
      let error = BuildError.chain(ChainError(path: "u.xz", reason: reason))
      #expect(DeltaFailure.explain(error)?.exit == exit, "\(error)")
      #expect("\(error)".hasPrefix("\"u.xz\": "))
    }
    #expect(DeltaFailure.explain(BuildError.badTreeName("update:"))?.exit == .usage)
  }

  private static let signingErrors: [(FinishedUpdateError, ProgramExit)] = [
    (.system(SystemError(operation: "open", path: "x", errno: .noSuchFile)), .inputOutput),
    (.updateFile(.notAnUpdateFile), .notAnUpdate), (.updateFile(.pieceDigest(index: 0)), .damaged),
    (.updateFile(.tooManySignatures), .badKey), (.updateFile(.signatureLength(3)), .badSignature),
    (.key(.libraryFailure), .badKey), (.wrongSignature(keyID: key), .badSignature),
    (.alreadySigned(keyID: key), .badKey), (.truncated, .truncated),
    (.trailingBytes, .trailingBytes),
  ]

  @Test("Each of those of adding a signature")
  func signing() {
    for (error, exit) in Self.signingErrors {
      #expect(DeltaFailure.explain(error)?.exit == exit, "\(error)")
    }
  }

  @Test("System calls: no space and no memory have codes of their own, files have one")
  func systemCalls() {
    func exit(_ operation: String, _ errno: Errno) -> ProgramExit {
      CommandFailure(SystemError(operation: operation, path: "x", errno: errno)).exit
    }
    #expect(exit("write", .noSpace) == .noSpace)
    #expect(exit("mkdirat", .quotaExceeded) == .noSpace)
    #expect(exit("write", .noMemory) == .noMemory)
    for errno: Errno in [.noSuchFile, .accessDenied, .inputOutput, .isDirectory, .brokenPipe] {
      #expect(exit("anything", errno) == .inputOutput)
    }
    for errno: Errno in [.notPermitted, .nameTooLong, .tooManySymbolicLinks, .invalidArgument] {
      #expect(exit("open", errno) == .inputOutput)
      #expect(exit("BTRFS_IOC_SEND", errno) == .systemFailure)
    }
  }

  @Test("Streams that are none, cut or new have codes of their own")
  func streams() {
    func exit(_ error: any Error) -> ProgramExit? { CommandFailure(explaining: error)?.exit }
    #expect(exit(StreamError.notASendStream(offset: 0)) == .notAStream)
    #expect(exit(StreamError.truncated(offset: 0)) == .truncated)
    #expect(exit(StreamError.unsupportedVersion(StreamVersion(base: 4), offset: 0)) == .unsupported)
    #expect(exit(StreamError.unknownCommand(.end, offset: 0)) == .damaged)
    #expect(exit(UpdateExpansionError.plainStreamDiffers) == .parentModified)
    #expect(exit(UpdateExpansionError.sectionDiffers(index: 0)) == .parentModified)
    #expect(exit(DeltaStreamError.source(path: [], system)) == .parentModified)
    #expect(
      exit(DeltaStreamError.sourceTooShort(path: [], length: 1, needed: 2)) == .parentModified)
    #expect(exit(DeltaStreamError.badPath(offset: 1)) == .damaged)
    #expect(exit(DeltaStreamError.stream(.truncated(offset: 0))) == .truncated)
    #expect(exit(KeyError.notPEM) == .badKey)
    #expect(exit(XZError.truncated(offset: 1)) == .truncated)
    #expect(exit(CommandFailure(.busy, "x")) == .busy)
    #expect(exit(CancellationError()) == nil)
  }
}
