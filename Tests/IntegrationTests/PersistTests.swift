import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("What a new system takes over from the old one", .btrfs)
struct PersistTests {
  let disk = InstallDisk()

  private func shell(_ script: String) throws {
    try run("bash", "-ec", "cd \(disk.mount.path); \(script)")
  }

  /// Names, types, modes, owners, times, contents and attributes below a directory.
  private func listing(_ path: String) throws -> String {
    let output = try run(
      "bash", "-ec",
      """
      cd \(disk.mount.path)/\(path); find . -printf '%P %y %m %U:%G %T@ %l %n\\n' | sort
      find . -type f | sort | xargs -r sha256sum; find . | sort | xargs getfattr -hd -m - 2>/dev/null
      find . -type f -o -type d | sort | xargs lsattr -d | sed 's/ .*//'
      """)
    return String(decoding: output, as: UTF8.self)
  }

  /// Version 2 current, made of one that the script changed; 3 installed.
  private func prepare(old: String, new: String = "true") throws {
    for number: UInt64 in 2...3 { try disk.makeVersion(number) }
    try disk.device().activate(SystemVersion(2))
    try shell("cd sys_root_current; \(old)")
    try shell("btrfs property set sys_root_v3 ro false")
    try shell("cd sys_root_v3; \(new)")
    try shell("btrfs property set sys_root_v3 ro true")
  }

  @discardableResult
  private func activate(_ paths: String...) throws -> [DeviceChange] {
    try disk.device().activate(SystemVersion(3), carryingOver: PersistList(texts: paths))
  }

  @Test("Everything that belongs to an inode comes along, and data is shared")
  func everything() throws {
    try prepare(
      old: """
        mkdir -p etc/deep/er; echo secret >etc/key; chmod 640 etc/key; chown 12:34 etc/key
        setfattr -n user.a -v b etc/key; setfattr -n trusted.t -v u etc/key
        setfattr -n security.s -v w etc/key; setfacl -m u:77:r etc/key
        ln etc/key etc/deep/same; ln etc/key etc/deep/er/again; ln -s ../nowhere etc/link
        chown -h 5:6 etc/link; mkfifo etc/deep/fifo; mknod etc/deep/null c 1 3
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("etc/deep/er/socket")'
        truncate -s 3M etc/sparse; echo end >>etc/sparse; head -c 5000000 /dev/urandom >etc/large
        cp /bin/true etc/tool; setcap cap_net_raw+ep etc/tool; chmod 4755 etc/deep/er; : >etc/empty
        touch etc/nocow; chattr +C etc/nocow; head -c 100000 /dev/zero >>etc/nocow
        setfacl -d -m u:88:rwx etc/deep; touch -d '2001-02-03 04:05:06.789' etc/key etc/deep etc/large
        touch -hd '2002-02-03 04:05:06.5' etc/link; echo fixed >etc/fixed; chattr +i etc/fixed
        """)
    try activate("/etc/", "missing/entirely", "file0/below")
    try shell(
      "rm -f sys_root_last/etc/deep/er/socket; touch -r sys_root_current/etc/deep/er sys_root_last/etc/deep/er"
    )
    let (old, new) = (try listing("sys_root_last/etc"), try listing("sys_root_current/etc"))
    #expect(old == new)
    #expect(new.contains("cap") && new.contains("posix_acl_access") && new.contains("trusted.t"))
    let shared = String(
      decoding: try run(
        "btrfs", "filesystem", "du", "-s", "--raw",
        "\(disk.mount.path)/sys_root_current/etc/large"), as: UTF8.self)
    let exclusive = shared.split(separator: "\n").last?.split(separator: " ").dropFirst().first
    #expect(exclusive == "0", "\(shared)")
    try shell("chattr -i sys_root_*/etc/fixed")
  }

  @Test("Files replace whatever is there; directories are merged, the old one's entries winning")
  func merging() throws {
    try prepare(
      old: """
        mkdir -p d/both d/olddir; echo old >d/file; echo old >d/both/x; echo old >d/wasdir
        ln -s a d/waslink2; echo mine >d/olddir/y; chmod 711 d; echo l >plain
        """,
      new: """
        mkdir -p d/both d/wasdir/full/of plain/stuff; echo new >d/file; echo new >d/both/x
        echo new >d/both/only; ln -s /etc/passwd d/olddir; echo z >d/wasdir/full/of/z
        echo z >plain/stuff/z; echo new >d/waslink2; echo hard >d/hard; ln d/hard d/file2
        """)
    try activate("d", "plain")
    func text(_ path: String) throws -> String {
      String(
        decoding: try run("cat", "\(disk.mount.path)/sys_root_current/\(path)"), as: UTF8.self)
    }
    #expect(try text("d/file") == "old\n" && text("d/both/x") == "old\n")
    #expect(try text("d/both/only") == "new\n" && text("d/wasdir") == "old\n")
    #expect(try text("d/olddir/y") == "mine\n" && text("plain") == "l\n")
    #expect(try text("d/file2") == "hard\n")
    try shell("test -L sys_root_current/d/waslink2; test $(stat -c %a sys_root_current/d) = 711")
    try shell("test ! -e sys_root_v3/d/olddir/y; test -d sys_root_v3/plain")
    #expect(try disk.contents(of: "sys_root_current") == 3)
  }

  @Test("Directories above that the new system does not have are made like the old ones")
  func parents() throws {
    try prepare(
      old: "mkdir -p var/lib/app; chmod 1733 var/lib; chown 3:4 var; echo 1 >var/lib/app/db")
    try activate("var/lib/app/db")
    #expect(try listing("sys_root_last/var") == listing("sys_root_current/var"))
  }

  @Test("No symbolic link is followed, on either side: nothing is activated")
  func links() throws {
    try prepare(
      old: "mkdir real; echo 1 >real/x; ln -s real alias; mkdir target; echo 1 >target/x",
      new: "ln -s /tmp target")
    let (before, current) = (try disk.names(), try disk.uuid("sys_root_current"))
    for path in ["alias/x", "target/x"] {
      let error = #expect(throws: InstallError.self) { try activate(path) }
      guard case .notCarriedOver(path, let failure) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect([.tooManySymbolicLinks, .notDirectory].contains(failure.errno))
      #expect(error?.description.hasPrefix("\"\(path)\" cannot be carried over into") == true)
      #expect(try disk.names() == before)
      #expect(try disk.uuid("sys_root_current") == current)
    }
    // As the list's own path, it is a directory that takes the link's place.
    try activate("target", "alias")
    try shell("test -f sys_root_current/target/x; test -L sys_root_current/alias")
  }

  @Test("Subvolumes inside are left out, and told if they hold anything")
  func nested() throws {
    try prepare(
      old: """
        mkdir srv; btrfs subvolume create srv/full; echo 1 >srv/full/x; echo 2 >srv/y
        btrfs subvolume create srv/empty
        """)
    let changes = try activate("srv", "srv2", "file1")
    #expect(changes == [.leftOut(path: "srv/full")])
    try shell("test -f sys_root_current/srv/y; test ! -e sys_root_current/srv/full/x")
    try shell("btrfs subvolume delete sys_root_last/srv/full sys_root_last/srv/empty")
  }

  @Test("A path inside such a subvolume is told, too")
  func insideNested() throws {
    try prepare(old: "btrfs subvolume create home; echo 1 >home/x")
    #expect(try activate("home/x") == [.leftOut(path: "home/x")])
    try shell("btrfs subvolume delete sys_root_last/home")
  }

  @Test("A rollback gives back the old system's own files")
  func rollBack() throws {
    try prepare(old: "echo old >state")
    try activate("state")
    try shell("echo newer >sys_root_current/state")
    try disk.device().rollBack()
    try shell("test $(cat sys_root_current/state) = old")
  }

  @Test("A tree that is deeper than a process may have files open, with long names")
  func deep() throws {
    try prepare(
      old:
        "python3 -c '\nimport os\np=\"deep\"\nfor i in range(15): p+=\"/\"+\"n\"*200\nos.makedirs(p)\nopen(p+\"/x\",\"w\").write(\"1\")'"
    )
    try activate("deep")
    #expect(try listing("sys_root_last/deep") == listing("sys_root_current/deep"))
  }

  @Test("A kill in place of any call, or one failing, leaves the old system or the new one whole")
  func interrupted() throws {
    for isKill in [true, false] {
      for call in stride(from: 1, through: 10_000, by: 1) {
        try disk.clear()
        try prepare(
          old: "mkdir d; echo old >d/a; ln d/a d/b; ln -s a d/c",
          new: "mkdir -p d/c/e; echo new >d/a")
        let current = try disk.uuid("sys_root_current")
        let fault: FaultInjection.Fault =
          isKill ? .failFrom(call, .inputOutput) : .fail(at: call, .inputOutput)
        var wasReached = true
        let isDone = FaultInjection.with(fault, counting: isKill ? .changes : .all) { injection in
          defer { wasReached = injection.count >= call }
          return (try? activate("d")) != nil
        }
        try disk.device().recover()
        let isNew = try disk.uuid("sys_root_current") != current
        if !isKill { #expect(isNew == isDone, "call \(call)") }
        #expect(try disk.contents(of: "sys_root_current") == (isNew ? 3 : 2), "call \(call)")
        if isNew {
          try shell("cd sys_root_current/d; test $(cat a) = old; test a -ef b; test -L c")
        }
        #expect(
          try disk.names().filter { $0.hasPrefix(".sys") || $0 == "journal" }.isEmpty,
          "call \(call)")
        if !wasReached { break }
      }
    }
  }
}

@Suite("Lists of what is to be carried over")
struct PersistListTests {
  @Test("Slashes at the ends mean nothing, and what is inside another path is left out")
  func normal() throws {
    let list = try PersistList(texts: ["/etc/a/", "etc", "/var/lib", "etc/b", "etcetera", "etc"])
    #expect(list.paths == [Array("etc".utf8), Array("etcetera".utf8), Array("var/lib".utf8)])
    #expect(try PersistList([]).isEmpty && PersistList.none.isEmpty)
  }

  @Test("Paths that lead elsewhere, or nowhere, are refused")
  func refused() {
    for path in ["a//b", "..", "a/../b", "./a", "a/.", "a\0b", String(repeating: "n", count: 256)] {
      #expect(throws: PersistListError.badPath(Array(path.utf8))) { try PersistList(texts: [path]) }
    }
    let long = Array(repeating: "name", count: 820).joined(separator: "/")
    #expect(throws: PersistListError.badPath(Array(long.utf8))) { try PersistList(texts: [long]) }
    for path in ["", "/", "//"] {
      #expect(throws: PersistListError.wholeSystem) { try PersistList(texts: [path]) }
    }
    let many = (0...PersistList.maximumCount).map { "f\($0)" }
    #expect(throws: PersistListError.tooMany(4097)) { try PersistList(texts: many) }
  }
}
