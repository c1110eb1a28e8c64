/// Small archives, with one of each thing that an archive may have.
enum ArchiveSamples {
  static var all: [[UInt8]] {
    [inodes, attributes, SampleArchive.sparse, gnuSparse, longNames, replaced, deep, global].map(
      \.ended)
  }

  private static func fields(target: String) -> SampleArchive.Fields {
    var fields = SampleArchive.Fields()
    fields.target = target
    return fields
  }

  /// Every type, with and without extended headers.
  private static var inodes: SampleArchive {
    var archive = SampleArchive()
    archive.add("./", "5")
    archive.addRecords([("path", "d/e/file"), ("mtime", "1.5"), ("uid", "9"), ("gid", "70000")])
    archive.add("x", data: [7, 7, 7])
    archive.add("hard", "1", fields(target: "d/e/file"))
    archive.add("soft", "2", fields(target: "d/e/file"))
    archive.addRecords([("linkpath", "../" + String(repeating: "t", count: 200))])
    archive.add("d/long", "2")
    var device = SampleArchive.Fields()
    device.device = ("0000010", "0000021")
    archive.add("null", "3", device)
    archive.addRecords([("SCHILY.devmajor", "8"), ("SCHILY.devminor", "1")])
    archive.add("disk", "4", device)
    archive.add("pipe", "6")
    var old = fields(target: "")
    old.magic = []
    archive.add("old/", "\u{0}", old)
    archive.add("old/file", "7", data: [UInt8](repeating: 1, count: 700), old)
    var prefixed = SampleArchive.Fields()
    prefixed.prefix = Array("pre/fix".utf8)
    archive.add("file", "0", prefixed)
    return archive
  }

  private static var attributes: SampleArchive {
    var archive = SampleArchive()
    archive.addRecords([
      ("SCHILY.xattr.user.b%3D%25", "v\u{0}\n"), ("SCHILY.xattr.trusted.x", "1"),
      ("SCHILY.xattr.security.capability", "\u{1}\u{0}\u{0}\u{2}"),
      ("SCHILY.acl.access", "user::rw-,user:lisa:r--:502,group::r--,mask::r-x,other::---"),
      ("RHT.security.selinux", "a:b"), ("SCHILY.fflags", "nodump,immutable"),
    ])
    archive.add("file", data: [1])
    archive.addRecords([
      ("LIBARCHIVE.xattr.user.a%3Db", "AAEC/w"), ("SCHILY.xattr.user.a=b", "ignored"),
      ("SCHILY.acl.default", "user::rwx\nuser:0:rwx\t#effective:r-x\ngroup::r-x\nother::r-x\n"),
      ("SCHILY.acl.access", "user::rwx,group::r-x,other::r-x"),
    ])
    archive.add("dir", "5")
    return archive
  }

  /// GNU's own kind: four parts in the header, and two more behind it.
  private static var gnuSparse: SampleArchive {
    func number(_ value: Int) -> [UInt8] {
      let digits = String(value, radix: 8)
      return Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8) + [0]
    }
    let parts = (0..<6).flatMap { number($0 * 4096) + number(10) }
    var archive = SampleArchive()
    archive.add("s", "S", data: [UInt8](repeating: 2, count: 60), fields(target: ""))
    var bytes = archive.bytes
    bytes.replaceSubrange(257..<265, with: "ustar  \u{0}".utf8)
    bytes.replaceSubrange(386..<482, with: parts[..<96])
    bytes[482] = 1
    bytes.replaceSubrange(483..<495, with: number(30_000))
    let more = parts[96...] + [UInt8](repeating: 0, count: 512 - 48)
    bytes.insert(contentsOf: more, at: 512)
    var whole = SampleArchive()
    whole.addBlocks(HostileArchive(bytes).sealed)
    whole.add("after", data: [3])
    return whole
  }

  private static var longNames: SampleArchive {
    var archive = SampleArchive()
    let name = String(repeating: "long/", count: 60) + "name"
    archive.add("A volume", "V")
    archive.add("././@LongLink", "L", data: Array(name.utf8) + [0])
    archive.add("././@LongLink", "K", data: Array(name.utf8) + [0])
    archive.add("short", "2")
    archive.add("././@LongLink", "L", data: Array((name + "r").utf8) + [0])
    archive.add("short", data: [1])
    return archive
  }

  /// Names that later members replace.
  private static var replaced: SampleArchive {
    var archive = SampleArchive()
    archive.add("a", data: Array("old and longer".utf8))
    archive.add("b", "1", fields(target: "a"))
    archive.add("./a", data: Array("new".utf8))
    archive.add("d/", "5")
    archive.add("d/x")
    archive.add("d", "5")
    archive.add("e", "5")
    archive.add("e", data: [1])
    archive.add("f")
    archive.add("f", "5")
    archive.add("f/y")
    archive.add("a", "1", fields(target: "a"))
    archive.add("link", "2", fields(target: "../../outside"))
    archive.add("g", "1", fields(target: "link"))
    return archive
  }

  /// Deeper than headers have room to say; mutations have names of two thousand directories.
  private static var deep: SampleArchive {
    var archive = SampleArchive()
    for name in ["a", "b"] {
      archive.addRecords([("path", String(repeating: name + "/", count: 200) + "x")])
      archive.add("x", data: [1])
    }
    return archive
  }

  /// Much that is said of every member.
  private static var global: SampleArchive {
    var archive = SampleArchive()
    archive.addRecords((0..<2_000).map { ("k\($0)", "v") } + [("uid", "5")], "g")
    archive.addRecords([("LIBARCHIVE.xattr.user.g", String(repeating: "AAAA", count: 5_000))], "g")
    for index in 0..<20 { archive.add("file\(index)") }
    return archive
  }
}
