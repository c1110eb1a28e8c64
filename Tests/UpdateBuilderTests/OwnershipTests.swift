import Bytes
import Linux
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

@Suite("Owners without root")
final class OwnershipTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/tree" }

  init() throws {
    directory = try TemporaryDirectory()
    let script = """
      mkdir -p "$1/dev" "$1/home/user" && cd "$1" && echo text > file && ln file home/link &&
      : > null && echo f > home/user/f && ln -s f home/user/l && mkfifo pipe && chmod 644 file &&
      find . -exec touch -h -d @1000 {} +
      """
    try run("sh", "-c", script, "sh", directory.path + "/tree")
  }

  @Test("A device table gives owners and permissions, and makes nodes and directories")
  func table() throws {
    let catalog = try apply(
      """
      # name  type mode uid gid major minor start inc count

      /        d 755  0   0   - - - - -
      /home    r -1   100 200 - - - - -
      /home/user/f f 4750 7 - -
      /home/user/l l - 8 9 - - - - -
      /null    c 666  0   0   1 3 - - -
      /dev/tty c 620  0   5   4 64 0 1 3
      /dev/sd  b 640\t0 6 8 16 1 16 2
      /run     d 1777 0 0 - - - - -
      /run/p   p 600 1 1 - - - - -
      /pipe    p 611 - - - - - - -
      """)
    func look(_ path: String) throws -> TreeInode {
      let entry = try #require(catalog.entries.first { $0.path == Array(path.utf8) }, "\(path)")
      return catalog.inodes[entry.inode]
    }
    #expect(
      catalog.entries.map { String(decoding: $0.path, as: UTF8.self) } == [
        "", "dev", "dev/sd1", "dev/sd2", "dev/tty0", "dev/tty1", "dev/tty2", "file", "home",
        "home/link", "home/user", "home/user/f", "home/user/l", "null", "pipe", "run", "run/p",
      ])
    let f = try look("home/user/f")
    #expect((f.permissions, f.user, f.group) == (0o4750, 7, 200))
    #expect((try look("home/user/l").user, try look("home/user/l").permissions) == (8, 0o777))
    // All names of an inode are its own.
    #expect(try look("file").user == 100)
    #expect(try look("file") == look("home/link"))
    #expect(try look("home/user").group == 200)
    let null = try look("null")
    #expect((null.type, null.permissions, null.specialDevice) == (.characterDevice, 0o666, 0x103))
    #expect(try look("dev/tty2").specialDevice == 0x442)
    #expect(try look("dev/sd2").specialDevice == 0x820)
    #expect(try look("dev/sd2").type == .blockDevice)
    #expect(try look("run").modificationTime == FileTime(seconds: 1000))
    #expect(try look("pipe").permissions == 0o611)
    #expect(try look("run/p").type == .fifo)
  }

  @Test("A table that does not fit names its line")
  func wrongTables() throws {
    let lines: [(String, (OwnershipError.Reason) -> Bool)] = [
      ("/file", { if case .fields = $0 { true } else { false } }),
      ("/file f 644 0 0 - - - - - -", { if case .fields = $0 { true } else { false } }),
      ("file f 644 0 0", { if case .path = $0 { true } else { false } }),
      ("/a/../file f 644 0 0", { if case .path = $0 { true } else { false } }),
      ("/home/ d 644 0 0", { if case .path = $0 { true } else { false } }),
      ("/file x 644 0 0", { if case .type = $0 { true } else { false } }),
      ("|xattr cap_net_raw+ep x 0 0", { if case .path = $0 { true } else { false } }),
      ("/file f 648 0 0", { if case .number("mode") = $0 { true } else { false } }),
      ("/file f 17777 0 0", { if case .number("mode") = $0 { true } else { false } }),
      ("/file f 644 root 0", { if case .number("uid") = $0 { true } else { false } }),
      ("/file f 644 0 4294967295", { if case .number("gid") = $0 { true } else { false } }),
      ("/none f 644 0 0", { if case .missing = $0 { true } else { false } }),
      ("/none/dev c 644 0 0 1 3", { if case .missing = $0 { true } else { false } }),
      ("/file/dev c 644 0 0 1 3", { if case .otherType = $0 { true } else { false } }),
      ("/none r 644 0 0", { if case .missing = $0 { true } else { false } }),
      ("/file r 644 0 0", { if case .otherType = $0 { true } else { false } }),
      ("/file d 644 0 0", { if case .otherType = $0 { true } else { false } }),
      ("/file c 644 0 0 1 3", { if case .otherType = $0 { true } else { false } }),
      ("/dev/x c 644 0 0 1 3 0 1 65537", { if case .tooMany = $0 { true } else { false } }),
      ("/dev/x c 644 0 0 1 4294967290 0 3 4", { if case .number = $0 { true } else { false } }),
    ]
    for (line, isRight) in lines {
      let error = #expect(throws: BuildError.self, "\(line)") {
        try apply("# comment\n" + line + "\n")
      }
      guard case .ownership(let found)? = error, found.line == 2, isRight(found.reason) else {
        Issue.record("\(line): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("What was made under fakeroot has the owners and types that it had there")
  func fakeroot() throws {
    let database = directory.path + "/database"
    let script = """
      cd "$1" && chown 12:34 file && mknod dev/null c 1 3 && mknod dev/disk b 259 70000 &&
      chown -h 5:6 home/user/l && chmod 2755 home && chown 1000 home/user &&
      find . -exec touch -h -d @1000 {} + && tar --format=pax -cf "$2" .
      """
    let archive = directory.path + "/tree.tar"
    try run("fakeroot", "-s", database, "sh", "-c", script, "sh", path, archive)
    let source = TreeSource(text: path, ownership: [.fakeroot(path: database)])
    let seen = try source.catalog(.none)
    let told = try TreeSource(text: archive).catalog(.none)
    #expect(try TreeSummary(of: seen).digest == TreeSummary(of: told).digest)
    let plain = try TreeSource(text: path).catalog(.none)
    #expect(try TreeSummary(of: plain).digest != TreeSummary(of: told).digest)
  }

  @Test("A database of other files, or of none that are there, is refused")
  func wrongDatabases() throws {
    let status = try Descriptor.open(path + "/file", .readOnly).status()
    let key = "dev=\(String(status.device, radix: 16)),ino=\(status.inode)"
    let lines = [
      "dev=1,ino=1,mode=100644,uid=0,gid=0,nlink=1,rdev=0", "\(key),mode=40755,uid=0,gid=0,rdev=0",
      "\(key),mode=20644,uid=0,gid=0,rdev=259", "\(key),mode=644,uid=0,gid=0,rdev=0",
      "\(key),mode=100648,uid=0,gid=0,rdev=0", "\(key),mode=100644,uid=-1,gid=0,rdev=0",
      "\(key),mode=100644,uid=0,rdev=0", "no",
    ]
    for line in lines {
      try write(line + "\n")
      let error = #expect(throws: BuildError.self, "\(line)") {
        try TreeSource(text: path, ownership: [.fakeroot(path: directory.path + "/given")])
          .catalog(.none)
      }
      guard case .ownership? = error else {
        Issue.record("\(line): \(String(describing: error))")
        continue
      }
    }
    try write("\(key),mode=104755,uid=1,gid=2,nlink=1,rdev=0\n")
    let source = TreeSource(text: path, ownership: [.fakeroot(path: directory.path + "/given")])
    let catalog = try source.catalog(.none)
    let entry = try #require(catalog.entries.first { $0.path == Array("home/link".utf8) })
    #expect(catalog.inodes[entry.inode].permissions == 0o4755)
  }

  @Test("A source is a directory or an archive, and nothing else")
  func sources() throws {
    let error = #expect(throws: BuildError.self) {
      try TreeSource(text: path + "/file").catalog(.none)
    }
    #expect("\(try #require(error))".contains("not a tar archive"))
    #expect(throws: BuildError.self) { try TreeSource(text: "/dev/null").catalog(.none) }
    #expect(throws: BuildError.self) { try TreeSource(text: path + "/none").catalog(.none) }
    #expect(try TreeSource(text: path).isTree())
    #expect(try !TreeSource(text: path + "/file").isTree())
  }

  @Test("Times of a build's child are taken from its parent")
  func times() throws {
    let copy = directory.path + "/copy"
    try run("cp", "-a", path, copy)
    try run("sh", "-c", "find \"$1\" -exec touch -h {} +; echo x > \"$1/new\"", "sh", copy)
    var options = BuildOptions(parent: path, child: copy, output: "", keys: [])
    #expect(!options.needsTreePlan)
    options.times = .content
    #expect(options.needsTreePlan)
    let trees = try BuildCatalogs(options, .none)
    let parent = try #require(trees.parent)
    let changes = try TreeChanges(from: parent, to: trees.child)
    #expect((changes.totals.added, changes.totals.modified, changes.totals.onlyTimes) == (1, 0, 1))
  }

  private func apply(_ table: String) throws -> TreeCatalog {
    try write(table)
    return try TreeSource(text: path, ownership: [.deviceTable(path: directory.path + "/given")])
      .catalog(.none)
  }

  private func write(_ text: String) throws {
    let file = try Descriptor.open(
      directory.path + "/given", [.writeOnly, .create, .truncate], permissions: 0o600)
    let bytes = Array(text.utf8)
    try file.write(bytes.rawSpan)
  }
}
