import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Members of initial RAM disks")
struct CpioMembersTests {
  /// An archive as `cpio -H newc` makes it.
  private static func archive(_ files: [(String, [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = []
    func pad() { bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4) }
    for (name, contents) in files + [("TRAILER!!!", [])] {
      let fields = [1, 0o100644, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, name.utf8.count + 1, 0]
      bytes += Array("070701".utf8)
      for field in fields {
        let digits = String(field, radix: 16, uppercase: true)
        bytes += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
      }
      bytes += Array(name.utf8) + [0]
      pad()
      bytes += contents
      pad()
    }
    return bytes
  }

  private static let files: [(String, [UInt8])] = [
    ("one", Array("first".utf8)), ("two.ko", [UInt8](repeating: 7, count: 5001)), ("three", [1]),
  ]

  @Test("Files are found with their places, wherever the archive begins")
  func found() {
    let archive = Self.archive(Self.files)
    for start in [0, 1, 513] {
      let bytes = [UInt8](repeating: 9, count: start) + archive + [1, 2, 3]
      let members = CpioMembers(in: bytes, at: start).members
      #expect(members.map { String(decoding: $0.path, as: UTF8.self) } == Self.files.map(\.0))
      #expect(members.map { Array(bytes[$0.contents]) } == Self.files.map(\.1))
    }
  }

  @Test("What is cut, damaged or none has what comes before, or nothing")
  func damage() {
    let archive = Self.archive(Self.files)
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
