import Bytes
import Linux
import TestSupport
import Testing
import Tree

@testable import Archive

@Suite("Members of archives")
struct ArchiveMemberTests {
  @Test("A header says what its inode is")
  func header() throws {
    var archive = SampleArchive()
    var root = SampleArchive.Fields()
    root.mode = "0040750"
    archive.add("./", "5", root)
    var fields = SampleArchive.Fields()
    (fields.mode, fields.user, fields.group) = ("0104711", "0001750", "0001751")
    fields.time = "07777777777"
    archive.add("./a", "0", data: Array("one".utf8), fields)
    var link = SampleArchive.Fields()
    link.target = "../x/y"
    archive.add("./link", "2", link)
    var device = SampleArchive.Fields()
    device.device = ("0000010", "0000021")
    archive.add("null", "3", device)
    archive.add("disk", "4", device)
    archive.add("pipe", "6")
    archive.add("d/", "5")
    var hard = SampleArchive.Fields()
    hard.target = "./a"
    archive.add("d/b", "1", hard)
    let tree = try catalog(archive.ended)
    #expect(
      tree.entries.map { String(decoding: $0.path, as: UTF8.self) } == [
        "", "a", "d", "d/b", "disk", "link", "null", "pipe",
      ])
    #expect(inode("", in: tree)?.permissions == 0o750)
    let a = try #require(inode("a", in: tree))
    #expect((a.type, a.permissions, a.user, a.group) == (.regular, 0o4711, 1000, 1001))
    #expect((a.size, a.linkCount) == (3, 2))
    #expect(a.modificationTime == FileTime(seconds: 0o7_777_777_777))
    #expect(inode("d/b", in: tree) == a)
    #expect(try contents("a", in: tree) == Array("one".utf8))
    #expect(try contents("d/b", in: tree) == Array("one".utf8))
    #expect(inode("link", in: tree)?.target == Array("../x/y".utf8))
    #expect(inode("link", in: tree)?.permissions == 0o777)
    #expect(inode("null", in: tree)?.type == .characterDevice)
    #expect(inode("disk", in: tree)?.specialDevice == 0x811)
    #expect(inode("pipe", in: tree)?.type == .fifo)
  }

  @Test("Extended headers overrule, global ones for all that follow")
  func extendedHeaders() throws {
    var archive = SampleArchive()
    archive.addRecords([("uid", "3000000000"), ("comment", "x")], "g")
    let long = String(repeating: "n", count: 200) + "/" + String(repeating: "m", count: 255)
    archive.addRecords([("path", long), ("mtime", "-1.5"), ("gid", "7")])
    archive.add("short", data: [1])
    archive.addRecords([("uid", "5"), ("linkpath", "t\u{e9}\nt")])
    archive.add("link", "2")
    archive.addRecords([("uid", "")])
    archive.add("plain")
    let tree = try catalog(archive.ended)
    let file = try #require(inode(long, in: tree))
    #expect((file.user, file.group) == (3_000_000_000, 7))
    #expect(file.modificationTime == FileTime(seconds: -2, nanoseconds: 500_000_000))
    #expect(inode("link", in: tree)?.user == 5)
    #expect(inode("link", in: tree)?.target == Array("t\u{e9}\nt".utf8))
    #expect(inode("plain", in: tree)?.user == 0)
  }

  @Test("Names are bytes: no form of a letter becomes another, and none has to be UTF-8")
  func nameBytes() throws {
    var archive = SampleArchive()
    let names: [[UInt8]] = [
      Array("e\u{301}".utf8), Array("\u{e9}".utf8), [0xFF, 0x0A, 0x5C], Array("a!".utf8),
    ]
    for name in names {
      archive.addRecords([(Array("path".utf8), Array("d/".utf8) + name)])
      archive.add("x")
    }
    let tree = try catalog(archive.ended)
    let found = tree.entries.map(\.path).filter { $0.count > 1 }
    #expect(
      found
        == names.map { Array("d/".utf8) + $0 }.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test("GNU's long names and POSIX's prefix make names longer than the header has room for")
  func longNames() throws {
    var archive = SampleArchive()
    let name = String(repeating: "long/", count: 60) + "name"
    archive.add("././@LongLink", "L", data: Array(name.utf8) + [0])
    archive.add("././@LongLink", "K", data: Array(name.utf8) + [0])
    archive.add("short", "2")
    var fields = SampleArchive.Fields()
    fields.prefix = Array("pre/fix".utf8)
    archive.add("file", "0", fields)
    let tree = try catalog(archive.ended)
    #expect(inode(name, in: tree)?.target == Array(name.utf8))
    #expect(inode("pre/fix/file", in: tree) != nil)
  }

  @Test("A later member replaces an earlier one of its name")
  func replacing() throws {
    var archive = SampleArchive()
    archive.add("a", data: Array("old and longer".utf8))
    var link = SampleArchive.Fields()
    link.target = "a"
    archive.add("b", "1", link)
    archive.add("./a", data: Array("new".utf8))
    archive.add("d/", "5")
    archive.add("d/x")
    var mode = SampleArchive.Fields()
    mode.mode = "0000700"
    archive.add("d", "5", mode)
    archive.add("e", "5")
    archive.add("e", data: [1])
    archive.add("f")
    archive.add("f", "5")
    archive.add("f/y")
    archive.add("a", "1", link)
    let tree = try catalog(archive.ended)
    #expect(try contents("a", in: tree) == Array("new".utf8))
    #expect(try contents("b", in: tree) == Array("old and longer".utf8))
    #expect(inode("b", in: tree)?.linkCount == 1)
    #expect(inode("d", in: tree)?.permissions == 0o700)
    #expect(inode("d/x", in: tree) != nil)
    #expect(inode("e", in: tree)?.type == .regular)
    #expect(inode("f/y", in: tree) != nil)
    #expect(tree.inodes.count == 8)
  }

  @Test("A directory without a member of its own is root's, and as new as what it holds")
  func missingDirectories() throws {
    var archive = SampleArchive()
    for (name, time) in [("a/b/c", "00000000005"), ("a/x", "00000000003"), ("y", "00000000004")] {
      var fields = SampleArchive.Fields()
      (fields.time, fields.user) = (time, "0000007")
      archive.add(name, "0", fields)
    }
    let tree = try catalog(archive.ended)
    for (name, seconds) in [("", Int64(5)), ("a", 5), ("a/b", 5)] {
      let directory = try #require(inode(name, in: tree))
      #expect((directory.permissions, directory.user) == (0o755, 0))
      #expect(directory.modificationTime == FileTime(seconds: seconds))
    }
  }

  @Test("Extended attributes and access control lists are what the kernel would have")
  func attributes() throws {
    var archive = SampleArchive()
    archive.addRecords([
      (Array("SCHILY.xattr.user.b%3D%25".utf8), [0, 0x0A, 0xFF]),
      (Array("SCHILY.xattr.trusted.x".utf8), [1]),
      (Array("SCHILY.xattr.security.capability".utf8), [1, 0, 0, 2]),
      (
        Array("SCHILY.acl.access".utf8),
        Array("user::rw-,user:lisa:r--:502,group::r--,group:5:r-x,mask::r-x,other::---".utf8)
      ),
      (Array("SCHILY.acl.default".utf8), Array("user::rwx".utf8)),
      (Array("RHT.security.selinux".utf8), Array("a:b".utf8)),
    ])
    archive.add("file")
    archive.addRecords([
      ("LIBARCHIVE.xattr.user.a%3Db", "AAEC/w"), ("SCHILY.xattr.user.a=b", "ignored"),
      (
        "SCHILY.acl.default",
        "user::rwx\nuser:0:rwx\t#effective:r-x\ngroup::r-x\nmask::r-x\nother::r-x\n"
      ),
      ("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x"),
    ])
    archive.add("dir", "5")
    let tree = try catalog(archive.ended)
    let file = try #require(inode("file", in: tree))
    #expect(
      file.attributes.map { String(decoding: $0.name, as: UTF8.self) } == [
        "security.capability", "security.selinux", "system.posix_acl_access", "user.b=%",
      ])
    #expect(file.attributes[1].value == Array("a:b".utf8) + [0])
    #expect(file.attributes[3].value == [0, 0x0A, 0xFF])
    #expect(
      file.attributes[2].value == [
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xF6, 1, 0, 0, 4, 0, 4, 0, 255,
        255, 255, 255, 8, 0, 5, 0, 5, 0, 0, 0, 16, 0, 5, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255,
        255, 255, 255,
      ])
    let directory = try #require(inode("dir", in: tree))
    #expect(
      directory.attributes.map { String(decoding: $0.name, as: UTF8.self) } == [
        "system.posix_acl_default", "user.a=b",
      ])
    #expect(directory.attributes[0].value.count == 4 + 5 * 8)
    #expect(directory.attributes[1].value == [0, 1, 2, 0xFF])
  }

  @Test("Sparse files have their holes in every format")
  func sparse() throws {
    var expected = [UInt8](repeating: 0, count: 10_000)
    for at in 0..<512 { expected[1024 + at] = 1 }
    expected.replaceSubrange(9000..<9003, with: "end".utf8)
    let archive = SampleArchive.sparse
    let tree = try catalog(archive.ended)
    for name in ["r0", "r0.1", "r1"] {
      #expect(inode(name, in: tree)?.size == 10_000, "\(name)")
      #expect(firstDifference(try contents(name, in: tree), expected) == nil, "\(name)")
    }
  }

  @Test("Where files lie is for this user only, and is gone with the tree, and after an error")
  func temporary() throws {
    let place = try TemporaryDirectory()
    let opened = try place.open()
    var archive = SampleArchive()
    archive.add("a/b/c", data: [1])
    do {
      let tree = try TreeCatalog(archive: openFile(archive.ended), temporaryIn: place.path)
      let names = try opened.entries().map(\.name)
      #expect(names.count == 1)
      #expect(try opened.status(of: names[0]).permissions == 0o700)
      #expect(try tree.root.directory.open(beneath: "a/b/c").status().permissions == 0o600)
    }
    #expect(try opened.entries().isEmpty)
    archive.add("../x")
    #expect(throws: ArchiveError.self) {
      try TreeCatalog(archive: openFile(archive.ended), temporaryIn: place.path)
    }
    #expect(try opened.entries().isEmpty)
    var asked = 0
    #expect(throws: ArchiveError.self) {
      try TreeCatalog(archive: openFile(archive.ended), temporaryIn: place.path) { _ in
        asked += 1
        return false
      }
    }
    #expect(asked == 1)
    #expect(try opened.entries().isEmpty)
  }
}
