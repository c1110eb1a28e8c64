import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Members of initial RAM disks")
struct CpioMembersTests {
  /// An archive as cpio makes it.
  private static func archive(_ files: [(String, [UInt8])]) throws -> [UInt8] {
    let outcome = try ExternalProgram.run(
      "bash",
      ["-ec", "printf '%s\\n' \(files.map(\.0).joined(separator: " ")) | cpio -o -H newc --quiet"],
      files: Dictionary(uniqueKeysWithValues: files))
    try #require(outcome.status == 0)
    return outcome.output
  }

  private static let files: [(String, [UInt8])] = [
    ("one", Array("first".utf8)), ("two.ko", [UInt8](repeating: 7, count: 5001)), ("three", [1]),
  ]

  @Test("Files are found with their places, wherever the archive begins")
  func found() throws {
    let archive = try Self.archive(Self.files)
    for start in [0, 1, 513] {
      let bytes = [UInt8](repeating: 9, count: start) + archive + [1, 2, 3]
      let members = CpioMembers(in: bytes, at: start).members
      #expect(members.map { String(decoding: $0.path, as: UTF8.self) } == Self.files.map(\.0))
      #expect(members.map { Array(bytes[$0.contents]) } == Self.files.map(\.1))
    }
  }

  @Test("What is cut, damaged or none has what comes before, or nothing")
  func damage() throws {
    let archive = try Self.archive(Self.files)
    for count in 0..<archive.count {
      let members = CpioMembers(in: Array(archive[..<count]), at: 0).members
      #expect(members.allSatisfy { $0.contents.upperBound <= count })
    }
    for at in 0..<120 {
      var bytes = archive
      bytes[at] = 0xff
      _ = CpioMembers(in: bytes, at: 0).members
    }
    #expect(CpioMembers(in: [], at: 0).members.isEmpty)
    #expect(CpioMembers(in: Array("no archive".utf8), at: 3).members.isEmpty)
  }
}
