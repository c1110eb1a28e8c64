import Bytes
import Linux
import TestSupport
import Testing
import Tree

@testable import Archive

@Suite("Archives that are wrong")
struct HostileArchiveTests {
  @Test(
    "A name that leads out, or is none, is refused",
    arguments: [
      "../x", "a/../../x", "a/..", "..", "/etc/passwd", "//x", "",
      String(repeating: "n", count: 256), String(repeating: "d/", count: 2048) + "x", "a\u{0}b",
    ])
  func names(_ name: String) throws {
    for type in ["0", "5"] as [Character] {
      var archive = SampleArchive()
      // An empty value would be none.
      if name.isEmpty { archive.add("", type) } else { archive.addRecords([("path", name)]) }
      if !name.isEmpty { archive.add("x", type) }
      let error = try #require(try refusal(of: archive.ended), "\(name)")
      switch error.reason {
      case .dotDot, .absoluteName, .emptyName, .nameTooLong, .nulInName: break
      default: Issue.record("\(name): \(error)")
      }
    }
  }

  @Test("Nothing is written through a member that is no directory")
  func throughLinks() throws {
    let outside = try TemporaryDirectory()
    for (type, target) in [("2", outside.path), ("0", ""), ("6", "")] as [(Character, String)] {
      var archive = SampleArchive()
      archive.addRecords([("linkpath", target)])
      archive.add("d", type)
      archive.add("d/x", data: [1])
      let error = try #require(try refusal(of: archive.ended))
      guard case .notADirectory(Array("d".utf8)) = error.reason else {
        Issue.record("\(error)")
        continue
      }
      #expect(error.member == Array("d/x".utf8))
    }
    #expect(try outside.open().entries().isEmpty)
  }

  @Test("What cannot be in a tree is refused")
  func wrongMembers() throws {
    func refuses(
      _ name: String, _ type: Character = "0", records: [(String, String)] = [],
      target: String = "", data: [UInt8] = [], _ isRight: (ArchiveError.Reason) -> Bool
    ) throws {
      var archive = SampleArchive()
      archive.add("dir/", "5")
      archive.add("dir/file", data: [1])
      if !records.isEmpty { archive.addRecords(records) }
      var fields = SampleArchive.Fields()
      fields.target = target
      archive.add(name, type, data: data, fields)
      let error = try #require(try refusal(of: archive.ended), "\(name) \(type) \(records)")
      #expect(isRight(error.reason), "\(name) \(type) \(records): \(error)")
    }
    try refuses("dir") { if case .replacesDirectory = $0 { true } else { false } }
    try refuses(".") { if case .replacesDirectory = $0 { true } else { false } }
    try refuses("x", "M") { if case .unsupportedType(0x4D) = $0 { true } else { false } }
    try refuses("x", "1", target: "no") {
      if case .missingLinkTarget = $0 { true } else { false }
    }
    try refuses("x", "1", target: "dir") { if case .linkToDirectory = $0 { true } else { false } }
    try refuses("x", "1", target: "../x") { if case .dotDot = $0 { true } else { false } }
    try refuses("x", "1", target: "dir/file", data: [1]) {
      if case .linkWithData = $0 { true } else { false }
    }
    try refuses("x", "2") { if case .emptyTarget = $0 { true } else { false } }
    for key in ["uid", "gid"] {
      try refuses("x", records: [(key, "4294967295")]) {
        if case .number = $0 { true } else { false }
      }
      try refuses("x", records: [(key, "-1")]) {
        if case .extendedValue = $0 { true } else { false }
      }
    }
    try refuses("x", records: [("mtime", "yesterday")]) {
      if case .extendedValue = $0 { true } else { false }
    }
    try refuses("x", records: [("SCHILY.xattr.other.x", "1")]) {
      if case .attributeName = $0 { true } else { false }
    }
    try refuses("x", records: [("SCHILY.xattr.user.", "1")]) {
      if case .attributeName = $0 { true } else { false }
    }
    try refuses("x", records: [("SCHILY.xattr.user.x", String(repeating: "x", count: 65537))]) {
      if case .attributeTooLong = $0 { true } else { false }
    }
    try refuses("x", records: [("LIBARCHIVE.xattr.user.x", "A")]) {
      if case .extendedValue = $0 { true } else { false }
    }
    try refuses("x", records: [("SCHILY.acl.access", "user::rwx,user:lisa:r--,other::---")]) {
      if case .accessControlName = $0 { true } else { false }
    }
    for list in ["user::rwx", "user::rwx,group::rwx,other::rwz", "a:b:c,d:e:f,g:h:i", "u,u,u"] {
      try refuses("x", records: [("SCHILY.acl.access", list)]) {
        if case .accessControlList = $0 { true } else { false }
      }
    }
  }

  @Test("The map of a sparse file has to be one")
  func sparseMaps() throws {
    for map in [
      "0,4", "0,3,2,1", "8,4", "5,4,0,0", "0,4,18446744073709551615,1", "0", "x,4", "4,0",
    ] {
      var archive = SampleArchive()
      archive.addRecords([("GNU.sparse.size", "8"), ("GNU.sparse.map", map)])
      archive.add("x", data: map == "0,4" ? [1] : [1, 2, 3, 4])
      let error = try #require(try refusal(of: archive.ended), "\(map)")
      guard case .sparseMap = error.reason else {
        Issue.record("\(map): \(error)")
        continue
      }
    }
    for map in [
      "", "2\n", "9999999\n", "1\n0\n", "1\n0\n5\n", "x\n", String(repeating: "1", count: 600),
    ] {
      var archive = SampleArchive()
      archive.addRecords([("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "8")])
      archive.add("x", data: Array(map.utf8))
      let error = try #require(try refusal(of: archive.ended), "\(map)")
      switch error.reason {
      case .sparseMap: break
      default: Issue.record("\(map): \(error)")
      }
    }
  }

  @Test("An extended header that is none is refused, with the place")
  func extendedHeaders() throws {
    for text in [
      "x", "5 a=b\n", "7 a=b\n", "6 a=bc", "6 ab=\n\u{0}", "99999999999999999999 a=b\n", "4 =\n",
      "-6 a=b\n",
    ] {
      var archive = SampleArchive()
      archive.add("h", "x", data: Array(text.utf8))
      archive.add("x")
      let error = try #require(try refusal(of: archive.ended), "\(text)")
      guard case .extendedHeader = error.reason else {
        Issue.record("\(text): \(error)")
        continue
      }
    }
    var archive = SampleArchive()
    archive.add("a")
    archive.addRecords([("path", "x")])
    #expect(try refusal(of: archive.ended)?.reason.description.contains("no member") == true)
    archive = SampleArchive()
    var fields = SampleArchive.Fields()
    fields.size = "77777777777"
    archive.add("h", "x", fields)
    #expect(try refusal(of: archive.bytes)?.reason.description.contains("limit") == true)
    // Global ones count together, but for what a later one says anew.
    archive = SampleArchive()
    for _ in 0..<10 {
      archive.addRecords([("comment", String(repeating: "x", count: 20_000))], "g")
    }
    archive.add("x")
    #expect(try refusal(of: archive.ended) == nil)
    for index in 0..<10 {
      archive.addRecords([("c\(index)", String(repeating: "x", count: 20_000))], "g")
    }
    archive.add("y")
    #expect(try refusal(of: archive.ended)?.reason.description.contains("limit") == true)
  }

  @Test("Names and attributes are bounded, however short the headers are that say them")
  func metadata() throws {
    var archive = SampleArchive()
    archive.addRecords([("SCHILY.xattr.user.a", String(repeating: "x", count: 65_000))], "g")
    for index in 0..<16_600 { archive.add("\(index)", "6") }
    guard case .tooMuchMetadata(1 << 30)? = try refusal(of: archive.ended)?.reason else {
      Issue.record("it is taken")
      return
    }
  }

  @Test("A name of very many directories is a tree that is gone in the end")
  func deepNames() throws {
    let place = try TemporaryDirectory()
    for deepest in [1_000, 2_048] {
      var archive = SampleArchive()
      archive.addRecords([("path", String(repeating: "a/", count: deepest) + "x")])
      archive.add("x", data: [1])
      do {
        let tree = try TreeCatalog(archive: openFile(archive.ended), temporaryIn: place.path)
        #expect(tree.entries.count == deepest + 2)
        let last = tree.entries[tree.entries.count - 1]
        #expect(try tree.open(last).status().size == 1)
      } catch let error as ArchiveError {
        guard case .nameTooLong = error.reason, deepest == 2048 else { throw error }
      }
      #expect(try place.open().entries().isEmpty)
    }
  }

  @Test("What follows the end, or is no archive at all, is refused")
  func ends() throws {
    var archive = SampleArchive()
    archive.add("a", data: [1])
    #expect(try refusal(of: archive.ended + [0, 0, 1])?.offset == 1024)
    #expect(try refusal(of: archive.ended + archive.ended) != nil)
    #expect(try refusal(of: archive.bytes + [UInt8](repeating: 0, count: 512)) == nil)
    let none: [[UInt8]] = [
      [], Array("text".utf8), [UInt8](repeating: 0, count: 10240),
      [UInt8](repeating: 1, count: 600),
    ]
    for bytes in none {
      guard case .notAnArchive? = try refusal(of: bytes)?.reason else {
        Issue.record("\(bytes.count) bytes are an archive")
        continue
      }
      #expect(try !TreeCatalog.isArchive(openFile(bytes)))
    }
    #expect(try TreeCatalog.isArchive(openFile(archive.ended)))
  }

  @Test("An archive that is cut anywhere is refused")
  func cuts() throws {
    let bytes = Self.rich()
    // From here on, only the marks of the end are missing, and one is enough.
    let end = bytes.count - 512
    for length in stride(from: 0, to: end, by: 1) where length % 512 < 40 || length % 7 == 0 {
      #expect(try refusal(of: Array(bytes[..<length])) != nil, "\(length)")
    }
    #expect(try refusal(of: bytes) == nil)
  }

  @Test("A header with any bit changed is refused, or a tree within its bounds")
  func bits() throws {
    let bytes = Self.rich()
    let place = try TemporaryDirectory()
    var (tried, refused) = (0, 0)
    for start in stride(from: 0, to: bytes.count - 1024, by: 512) {
      let block = Array(bytes[start..<(start + 512)])
      let isHeader = TarHeader.hasChecksum(block.rawSpan)
      // What follows a NUL says nothing, but for the first byte.
      for at in start..<(start + 512) where at == 0 || bytes[at] != 0 || bytes[at - 1] != 0 {
        if isHeader, (148..<156).contains(at - start) { continue }
        for bit in 0..<8 {
          var changed = bytes
          changed[at] ^= 1 << bit
          if isHeader { Self.repairChecksum(&changed, start) }
          tried += 1
          do {
            let tree = try TreeCatalog(archive: openFile(changed), temporaryIn: place.path)
            #expect(tree.entries.first?.path == [])
            #expect(!tree.entries.contains { $0.path.starts(with: "..".utf8) })
          } catch is ArchiveError {
            refused += 1
          }
        }
      }
    }
    #expect(tried > 3_000 && refused > 1_000, "\(tried) \(refused)")
    #expect(try place.open().entries().isEmpty)
  }

  @Test("Whatever is damaged, nothing is touched outside, and nothing is left behind")
  func damage() throws {
    let bytes = Self.rich()
    let headers = stride(from: 0, to: bytes.count, by: 512).filter {
      let block = Array(bytes[$0..<($0 + 512)])
      return TarHeader.hasChecksum(block.rawSpan)
    }
    let place = try TemporaryDirectory()
    let inner = place.path + "/inner"
    try place.open().makeDirectory("inner")
    var generator = SeededGenerator.ofTest("damaged archives")
    let interesting = Array("0127/.\u{0}xgLKS5=\n ".utf8) + [0x80, 0xFF]
    for _ in 0..<2_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        // Where there is something already, or near to it.
        var at = Int.random(in: 0..<changed.count, using: &generator)
        while at > 0, bytes[at] == 0, bytes[at - 1] == 0 { at -= 1 }
        changed[at] = interesting.randomElement(using: &generator) ?? 0
      }
      for start in headers { Self.repairChecksum(&changed, start) }
      _ = try? TreeCatalog(archive: openFile(changed), temporaryIn: inner)
    }
    #expect(try place.open().entries().map(\.name) == [Array("inner".utf8)])
    #expect(try Descriptor.open(inner, .directory).entries().isEmpty)
  }

  @Test("A header with any bit changed does not have its checksum any more")
  func checksums() throws {
    let bytes = Self.rich()
    for bit in 0..<(512 * 8) where !(148 * 8..<156 * 8).contains(bit) {
      var header = Array(bytes[..<512])
      header[bit / 8] ^= 1 << (bit % 8)
      let isGood = TarHeader.hasChecksum(header.rawSpan)
      #expect(!isGood, "\(bit)")
    }
    var changed = bytes
    changed[1024 + 512] ^= 1
    #expect(try refusal(of: changed) != nil)
  }

  private static func repairChecksum(_ bytes: inout [UInt8], _ start: Int) {
    let sum = (0..<512).reduce(0) {
      $0 + ((148..<156).contains($1) ? 0x20 : Int(bytes[start + $1]))
    }
    let digits = String(sum, radix: 8)
    let field = String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} "
    bytes.replaceSubrange((start + 148)..<(start + 156), with: field.utf8)
  }

  /// One of each.
  private static func rich() -> [UInt8] {
    var archive = SampleArchive()
    archive.add("./", "5")
    archive.addRecords([
      ("path", "d/e/file"), ("mtime", "1.5"), ("SCHILY.xattr.user.a", "b"), ("uid", "9"),
    ])
    archive.add("x", data: [7, 7, 7])
    var link = SampleArchive.Fields()
    link.target = "d/e/file"
    archive.add("hard", "1", link)
    archive.add("soft", "2", link)
    archive.addRecords([("GNU.sparse.size", "1000"), ("GNU.sparse.map", "10,2,900,1")])
    archive.add("sparse", data: [1, 2, 3])
    return archive.ended
  }
}
