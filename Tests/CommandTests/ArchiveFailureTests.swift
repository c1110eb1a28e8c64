import Archive
import CommandSupport
import Compression
import Linux
import Testing
import UpdateBuilder
import XZ

@testable import DeltaCommands

@Suite("Exit codes of archives and owners")
struct ArchiveFailureTests {
  private static let full = SystemError(operation: "pwrite", path: "x", errno: .noSpace)

  private static let reasons: [(ArchiveError.Reason, ProgramExit)] = [
    (.notAnArchive, .badTree), (.truncated, .truncated), (.dataAfterEnd, .trailingBytes),
    (.gzip(.damaged(offset: 1)), .damaged), (.gzip(.outOfMemory), .noMemory),
    (.xz(.corrupt(offset: 1)), .damaged),
    (.xz(.memoryLimitReached(needed: 2, limit: 1)), .noMemory),
    (.number(.mode), .damaged), (.extendedHeader(at: 1), .damaged),
    (.extendedValue(key: [1]), .damaged), (.headerTooLong(length: 2, limit: 1), .damaged),
    (.lonelyHeader, .damaged), (.unsupportedType(1), .unsupported), (.linkWithData, .damaged),
    (.sparseMap, .damaged), (.emptyName, .badTree), (.absoluteName, .badTree), (.dotDot, .badTree),
    (.nulInName, .badTree), (.nameTooLong, .badTree), (.notADirectory([1]), .badTree),
    (.replacesDirectory, .badTree), (.missingLinkTarget([1]), .badTree),
    (.linkToDirectory([1]), .badTree), (.emptyTarget, .badTree), (.attributeName([1]), .badTree),
    (.attributeTooLong([1]), .badTree), (.accessControlList, .damaged),
    (.accessControlName([1]), .badTree), (.tooManyMembers(limit: 1), .badTree),
    (.system(full), .noSpace),
  ]

  @Test("Each of an archive's errors is one line, with the file, the member and the place")
  func archive() throws {
    for (reason, exit) in Self.reasons {
      let error = ArchiveError(reason, member: Array("a\nb".utf8), offset: 512)
      let failure = try #require(
        DeltaFailure.explain(BuildError.archive(path: "x.tar", error)), "\(reason)")
      #expect(failure.exit == exit, "\(reason)")
      #expect(!failure.message.contains("\n"))
      if case .notAnArchive = reason { continue }
      #expect(failure.message.contains("\"x.tar\": member \"a\\u{a}b\": "), "\(failure.message)")
      #expect(failure.message.contains("at byte 512 of the archive"), "\(failure.message)")
    }
  }

  @Test("A table that does not fit is a bad tree")
  func ownership() throws {
    let error = BuildError.ownership(
      OwnershipError(file: "table", line: 3, .missing(path: Array("dev".utf8))))
    let failure = try #require(DeltaFailure.explain(error))
    #expect(failure.exit == .badTree)
    #expect(failure.message == "\"table\", line 3: the tree has no \"dev\"")
    #expect(DeltaFailure.explain(BuildError.needsTreePlan)?.exit == .usage)
  }
}
