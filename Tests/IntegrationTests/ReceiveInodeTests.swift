import Btrfs
import Bytes
import Foundation
import Linux
import Receive
import SendStream
import TestSupport
import Testing

@Suite("Receiving inodes: provisional names, flags, capabilities, verity", .btrfs)
struct ReceiveInodeTests {
  let mount = BtrfsFixture.current

  init() throws {
    try run("btrfs", "-q", "subvolume", "create", mount.path + "/work")
  }

  private func work() throws -> Descriptor {
    try Descriptor.open(mount.path + "/work", .directory)
  }

  private func shell(_ script: String) throws -> String {
    let log = try run("bash", "-euc", "cd \"$0\"\n" + script, mount.path + "/work")
    return String(decoding: log, as: UTF8.self)
  }

  private let orphan = "o257-7-0".bytes

  /// A step for every kind of inode.
  private static func creations(_ path: [UInt8]) -> [Step] {
    [
      .makeFile(path), .makeDirectory(path), .makeFIFO(path), .makeSocket(path),
      .makeNode(path, mode: 0o020600), .symlink(path, to: "target".bytes),
    ]
  }

  @Test(
    "An inode that is renamed at once is there under its real name only, and is all that it was")
  func renamed() throws {
    var steps: [Step] = [.subvolume(), .makeDirectory("d".bytes)]
    for (number, step) in Self.creations(orphan).enumerated() {
      let name = "d/\(number)".bytes
      steps += [step, .rename(orphan, to: name), .changeOwner(name), .setTimes(name)]
    }
    steps += [.write("d/0".bytes), .makeFile("d/1/in".bytes), .end, .finish]
    try steps.carryOut(in: work())
    let list = try shell("find . -mindepth 1 -printf '%P %y %m %U %l\\n' | LC_ALL=C sort")
    #expect(
      list == """
        d d 700 0\u{20}
        d/0 f 600 5\u{20}
        d/1 d 700 5\u{20}
        d/1/in f 600 0\u{20}
        d/2 p 600 5\u{20}
        d/3 s 600 5\u{20}
        d/4 c 600 5\u{20}
        d/5 l 777 5 target

        """)
  }

  @Test("An inode that is not renamed at once is there under its provisional name")
  func notRenamed() throws {
    for (number, step) in Self.creations(orphan).enumerated() {
      let name = "n\(number)".bytes
      // The next command is about something else, or this, or is END.
      try [.subvolume(), step, .makeFile(name), .rename(orphan, to: name + [65]), .end, .finish]
        .carryOut(in: work())
      try [.subvolume(), step, .changeOwner(orphan), .end, .finish].carryOut(in: work())
      #expect(try work().status(of: orphan).user == 5)
      #expect(try work().hasEntry(name + [65]))
      _ = try shell("rm -r o257-7-0")
      try [.subvolume(), step, .end, .finish].carryOut(in: work())
      #expect(try work().hasEntry(orphan))
      _ = try shell("rm -r o257-7-0")
    }
  }

  @Test("A pause makes what is waited with")
  func pause() throws {
    var receiver = try Receiver(root: work())
    for step in [Step.subvolume(), .makeFile(orphan)] { try step.carryOut(&receiver) }
    #expect(try !work().hasEntry(orphan))
    try receiver.pause()
    #expect(try work().hasEntry(orphan))
    try Step.rename(orphan, to: "f".bytes).carryOut(&receiver)
    #expect(try work().hasEntry("f"))
  }

  @Test("Where a name is taken it is as if both commands were carried out one by one")
  func taken() throws {
    _ = try shell("echo old > f; mkdir d full; touch full/x; touch o258-7-0")
    // RENAME replaces a file, and an empty directory by a directory.
    try [
      .subvolume(), .makeFile(orphan), .rename(orphan, to: "f".bytes), .makeDirectory(orphan),
      .rename(orphan, to: "d".bytes),
    ].carryOut(in: work())
    #expect(try work().status(of: "f").size == 0)
    for (steps, errno) in [
      ([.makeFile("o258-7-0".bytes), .rename("o258-7-0".bytes, to: "g".bytes)], .fileExists),
      ([.makeFile(orphan), .rename(orphan, to: "d".bytes)], .isDirectory),
      ([.makeDirectory(orphan), .rename(orphan, to: "full".bytes)], .directoryNotEmpty),
      ([.makeFile(orphan), .rename(orphan, to: "no/g".bytes)], .noSuchFile),
      ([.makeFile(orphan), .rename(orphan, to: "f/g".bytes)], .notDirectory),
    ] as [([Step], Errno)] {
      guard case .system(let error)? = try ([.subvolume()] + steps).refusal(in: work()) else {
        Issue.record("success")
        continue
      }
      #expect(error.errno == errno)
      _ = try shell("rm -rf o257-7-0")
    }
    let reason = try [.subvolume(), .makeFile(orphan), .rename(orphan, to: "../g".bytes)]
      .refusal(in: work())
    #expect(reason == .badPath("../g".bytes))
  }

  @Test("A name in the root is known to be taken, whenever that came to be")
  func takenMeanwhile() throws {
    let (file, other) = ("f".bytes, "o258-7-0".bytes)
    func refusal(_ steps: Step...) throws -> Errno? {
      _ = try shell("rm -rf *; touch f g")
      let known: [Step] = [.snapshot(), .makeFile(other), .rename(other, to: "h".bytes)]
      let reason = try (known + steps).refusal(in: work())
      guard case .system(let error)? = reason else { return nil }
      return error.errno
    }
    let (make, rename) = (Step.makeFile(orphan), Step.rename(orphan, to: "n".bytes))
    #expect(try refusal(.rename(file, to: orphan), make, rename) == .fileExists)
    #expect(try refusal(.link(orphan, to: file), make, rename) == .fileExists)
    #expect(try refusal(make, .changeMode(orphan), make, rename) == .fileExists)
    #expect(try refusal(.rename(file, to: orphan), .rename(orphan, to: file), make, rename) == nil)
    #expect(try refusal(.link(orphan, to: file), .unlink(orphan), make, rename) == nil)
    let directory = Step.makeDirectory(orphan)
    #expect(
      try refusal(directory, .changeMode(orphan), .removeDirectory(orphan), make, rename) == nil)
    #expect(try work().hasEntry("n"))
    // More of them than are remembered.
    _ = try shell("rm -rf *; for i in {1..1100}; do : > o$i-1-0; done")
    #expect(
      try [.snapshot(), make, rename, .makeFile("o300-1-0".bytes), .changeMode("f".bytes)]
        .refusal(in: work()) != nil)
    #expect(try work().hasEntry("n"))
  }

  @Test("What a symbolic link's name means is not mixed up when its directory moves")
  func movedLink() throws {
    let (link, other) = ("d/l".bytes, "e/l".bytes)
    try [
      .subvolume(), .makeDirectory("d".bytes), .makeDirectory("x".bytes),
      .symlink("x/l".bytes, to: "y".bytes), .symlink(link, to: "x".bytes),
      .rename("d".bytes, to: "e".bytes), .rename("x".bytes, to: "d".bytes),
      .changeOwner(link, 7, 8),
      .setTimes(link), .changeOwner(other, 9, 10), .makeFIFO("p".bytes),
      .changeOwner("p".bytes, 0, 0),
      .changeMode("p".bytes, 0o4755), .changeOwner("p".bytes, 0, 0), .end, .finish,
    ].carryOut(in: work())
    #expect(
      try shell("stat -c '%N %u %g %a' d/l e/l p")
        == "'d/l' -> 'y' 7 8 777\n'e/l' -> 'x' 9 10 777\n'p' 0 0 755\n")
  }

  @Test("A last block is not given up that still has data, whatever name or command it came by")
  func lastBlock() throws {
    let (f, g) = ("f".bytes, "g".bytes)
    let fives = [UInt8](repeating: 5, count: 1904)
    func tail(_ steps: Step...) throws -> String {
      _ = try shell("rm -f *; head -c 5000 /dev/zero | tr '\\0' a > f; ln f g; sync")
      try ([.snapshot()] + steps + [.write(g, fives, at: 4096), .end, .finish])
        .carryOut(in: work())
      // What is behind the 6,000 bytes.
      return try shell(
        "sync; tail -c +6001 f | tr '\\0' . | fold -w 1 | uniq -c | tr -s ' \\n' ' '")
    }
    let long = [UInt8](repeating: UInt8(ascii: "b"), count: 3000)
    #expect(try tail(.write(g, at: 0)) == "")
    #expect(try tail(.write(g, at: 0), .write(f, long, at: 5000)) == " 2000 b ")
    #expect(try tail(.write(g, at: 0), .truncate(f, to: 7000)) == " 1000 . ")
    #expect(try tail(.write(g, long, at: 5000)) == " 2000 b ")
    #expect(try tail(.truncate(g, to: 6500)) == " 500 . ")
    #expect(try tail(.truncate(g, to: 4097)) == "")
    #expect(try tail(.write(g, [UInt8](repeating: 99, count: 10), at: 9000)) == " 3000 . 10 c ")
    #expect(
      try shell("head -c 6000 f | tail -c 1905 | od -vAn -tu1 -w1 | uniq -c | tr -s ' \\n' ' '")
        == " 1 97 1904 5 ")
  }

  @Test("A failure of what was waited with is told as its own")
  func laterFailure() throws {
    _ = try shell("touch o257-7-0")
    var receiver = try Receiver(root: work())
    for step in [Step.subvolume(), .makeFile(orphan)] { try step.carryOut(&receiver) }
    do throws(ReceiveError) {
      try Step.makeFile("other".bytes).carryOut(&receiver)
      Issue.record("carried out")
    } catch {
      #expect(error.command == .makeFile)
      #expect(error.path == orphan)
    }
    #expect(try !work().hasEntry("other"))
  }

  @Test("Nothing is inherited under the real name that would not be under the provisional one")
  func inheritance() throws {
    _ = try shell(
      """
      mkdir group acl packed nocow; chmod g+s group; chgrp 77 group; setfacl -d -m u:5:rwx acl
      btrfs property set packed compression zlib; chattr +C nocow
      """)
    var steps: [Step] = [.snapshot()]
    for directory in ["group", "acl", "packed", "nocow"] {
      steps += [.makeFile(orphan), .rename(orphan, to: "\(directory)/f".bytes)]
      steps += [.makeDirectory(orphan), .rename(orphan, to: "\(directory)/d".bytes)]
    }
    try steps.carryOut(in: work())
    for directory in ["group", "acl", "packed", "nocow"] {
      for name in ["f", "d"] {
        let inode = try work().open(beneath: "\(directory)/\(name)")
        #expect(try inode.attributeNames() == [])
        #expect(try inode.inodeFlags() == [])
        let status = try inode.status()
        #expect(status.group == 0 && status.permissions == (name == "f" ? 0o600 : 0o700))
      }
    }
  }

  @Test("The same in a full stream whose own directories hand something down")
  func inheritanceInFullStream() throws {
    let acl = ReceiveRecipe.acl
    let steps: [Step] = [
      .subvolume(), .makeDirectory("acl".bytes), .makeDirectory("group".bytes),
      .changeOwner("group".bytes, 0, 77), .changeMode("group".bytes, 0o2755),
      .makeFile(orphan), .rename(orphan, to: "group/f".bytes),
      .setXattr("acl".bytes, "system.posix_acl_default".bytes, acl),
      .makeFile(orphan), .rename(orphan, to: "acl/f".bytes),
      .makeDirectory(orphan), .rename(orphan, to: "acl/d".bytes),
      .makeFile(orphan), .rename(orphan, to: "acl/d/f".bytes),
    ]
    try steps.carryOut(in: work())
    for path in ["group/f", "acl/f", "acl/d", "acl/d/f"] {
      let inode = try work().open(beneath: path)
      #expect(try inode.attributeNames() == [])
      #expect(try inode.status().group == 0)
    }
  }

  @Test("Capabilities survive a change of the owner, unless the stream says otherwise (C11)")
  func capabilities() throws {
    let name = "security.capability".bytes
    let value = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8]
    let kept = try shell(
      "for f in parent dropped written; do touch $f; setcap cap_net_raw+ep $f; done")
    #expect(kept == "")
    try [
      .snapshot(), .changeOwner("parent".bytes), .changeOwner("dropped".bytes),
      .removeXattr("dropped".bytes, name), .removeXattr("dropped".bytes, name),
      .makeFile("new".bytes), .setXattr("new".bytes, name, value), .write("new".bytes),
      .changeOwner("new".bytes), .changeMode("new".bytes, 0o755),
      .makeFile("gone".bytes), .setXattr("gone".bytes, name, value),
      .removeXattr("gone".bytes, name), .changeOwner("gone".bytes),
      .setXattr("written".bytes, name, value), .changeOwner("written".bytes), .end, .finish,
    ].carryOut(in: work())
    for (file, expected) in [
      ("parent", value), ("new", value), ("written", value), ("dropped", nil), ("gone", nil),
    ] as [(String, [UInt8]?)] {
      let inode = try work().open(beneath: file)
      #expect(try inode.attribute(name) == expected, "\(file)")
      #expect(try inode.status().user == 5)
    }
  }

  @Test("What is known of a file by one of its names is not trusted when another one was used")
  func otherNames() throws {
    let (a, b, name) = ("a".bytes, "b".bytes, "security.capability".bytes)
    let value = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8]
    try [
      .subvolume(), .makeFile(a), .link(b, to: a), .changeOwner(b, 5, 6), .changeOwner(a, 0, 0),
      .end, .finish,
    ].carryOut(in: work())
    #expect(try work().status(of: a).user == 0)
    _ = try shell("rm a b")
    try [
      .subvolume(), .makeFile(a), .link(b, to: a), .setXattr(b, name, value), .changeOwner(a),
      .end, .finish,
    ].carryOut(in: work())
    #expect(try work().open(beneath: a).attribute(name) == value)
    try [
      .snapshot(), .changeOwner(a, 7, 7), .removeXattr(b, name), .changeOwner(a), .end, .finish,
    ].carryOut(in: work())
    #expect(try work().open(beneath: a).attribute(name) == nil)
    _ = try shell("rm a b")
    try [
      .subvolume(), .makeFile(a), .link(b, to: a), .changeMode(b, 0o4755), .changeOwner(a, 0, 0),
      .end, .finish,
    ].carryOut(in: work())
    #expect(try work().status(of: a).permissions == 0o755)
  }

  @Test("An owner is set again where that clears something")
  func ownerTwice() throws {
    let file = "f".bytes
    try [
      .subvolume(), .makeFile(file), .changeMode(file, 0o6755), .changeOwner(file, 0, 0), .end,
      .finish,
    ].carryOut(in: work())
    #expect(try work().status(of: file).permissions == 0o755)
  }

  @Test("Flags of FILEATTR are applied, protecting ones in the end; the compression property stays")
  func fileAttributes() throws {
    _ = try shell(
      """
      touch file packed; mkdir dir; btrfs property set packed compression zstd
      btrfs property set dir compression lzo
      """)
    // chattr would set the property to the file system's compression.
    try work().open(beneath: "packed").setExtendedFlags(.immutable)
    // NODUMP, NOATIME, SYNC, IMMUTABLE, and what is the file system's own.
    let (all, own): (UInt64, UInt64) = (0x40 | 0x100 | 0x200 | 0x20, 0x1 | 0x4 | 0x10 | 1 << 32)
    try [
      .snapshot(), .setFileAttributes("file".bytes, all | own), .write("file".bytes),
      .setTimes("file".bytes), .write("packed".bytes), .setFileAttributes("packed".bytes, 0x80),
      .setFileAttributes("dir".bytes, 0x40 | 0x400), .makeFile("dir/f".bytes), .end, .finish,
    ].carryOut(in: work())
    let flags = try shell("lsattr -d file packed dir | sed 's/[-m]//g'")
    #expect(flags == "SidA file\nac packed\nDic dir\n")
    #expect(try work().status(of: "file").modificationTime.nanoseconds == 2)
    for (name, value) in [("packed", "zstd"), ("dir", "lzo")] {
      let inode = try work().open(beneath: name)
      #expect(try inode.attribute("btrfs.compression") == value.bytes)
    }
    // And taken away again, which also lifts what protects.
    try [
      .snapshot(), .setFileAttributes("file".bytes, 0), .setFileAttributes("packed".bytes, 0),
      .setFileAttributes("dir".bytes, 0x2), .end, .finish,
    ].carryOut(in: work())
    #expect(try shell("lsattr -d file packed dir | sed 's/[-m]//g'") == " file\nc packed\nc dir\n")
    for (name, value) in [("packed", "zstd"), ("dir", "lzo")] {
      #expect(
        try work().open(beneath: name).attribute("btrfs.compression") == value.bytes, "\(name)")
    }
  }

  @Test("Flags that the kernel sends of changed files arrive")
  func sentFlags() throws {
    let bench = try ReceiveBench(existing: true)
    try bench.shell("for f in i a d A S none; do echo $f > $f; done; mkdir D; echo > no")
    let full = try bench.snapshot("v1", version: 2)
    try bench.shell(
      "for f in i a d A S; do echo 2 >> $f; chattr +$f $f; done; chattr +D D; touch D/x")
    let increment = try bench.snapshot("v2", version: 2, parent: "v1")
    try bench.receive(full, as: "v1")
    try bench.receive(increment, as: "v2", parent: "v1")
    let list = "cd \"$0\"; lsattr -d i a d A S none D"
    let (theirs, ours) = (
      try bench.text("bash", "-euc", list, bench.path("v2")),
      try bench.text("bash", "-euc", list, bench.path("ours/v2"))
    )
    #expect(theirs == ours)
    #expect(ours.contains("i") && ours.contains("a"))
    try bench.expectSame("ours/v2", "v2")
  }

  @Test("More protected files than are held open")
  func manyProtected() throws {
    _ = try shell("for i in $(seq 600); do echo > f$i; done; chattr +i f*")
    var steps: [Step] = [.snapshot()]
    for round in 0..<2 {
      for number in 1...600 { steps.append(.write("f\(number)".bytes, at: UInt64(round))) }
    }
    try (steps + [.end, .finish]).carryOut(in: work())
    #expect(
      try shell("lsattr f* | grep -c '^....i'; cat f* | wc -c; chattr -i f*") == "600\n2400\n")
  }

  @Test("Verity is enabled where the kernel has it, and a clear error where not")
  func verity() throws {
    let hasVerity = FileManager.default.fileExists(atPath: "/sys/fs/btrfs/features/verity")
    let steps: [Step] = [
      .subvolume(), .makeFile("f".bytes), .write("f".bytes), .link("g".bytes, to: "f".bytes),
      .write("g".bytes, at: 3), .enableVerity("f".bytes, salt: [1, 2, 3], signature: []),
    ]
    let reason = try steps.refusal(in: work())
    #expect(reason == (hasVerity ? nil : .verityNotSupported))
    if hasVerity {
      let refusal = try [.snapshot(), .write("f".bytes)].refusal(in: work())
      #expect(refusal != nil)
    }
    let words = "enable_verity \"f\": this kernel or file system has no fs-verity"
    let error = ReceiveError(
      command: .enableVerity, path: "f".bytes, reason: .verityNotSupported)
    #expect("\(error)" == words)
    #expect(
      try [.snapshot(), .makeFIFO("p".bytes), .enableVerity("p".bytes, salt: [], signature: [])]
        .refusal(in: work()) == .notRegularFile(.fifo))
  }

  @Test("Encoded writes are refused where they are not asked for, as in an update")
  func noEncodedWrites() throws {
    let steps: [Step] = [.subvolume(), .makeFile("f".bytes), .encodedWrite("f".bytes)]
    let options = ReceiveOptions(allowsEncodedWrites: false)
    #expect(try steps.refusal(in: work(), options: options) == .unsupported)
  }

  @Test("Data that was not sent is an error, unless it is asked for")
  func missingData() throws {
    let steps: [Step] = [.subvolume(), .makeFile("f".bytes), .updateExtent("f".bytes)]
    #expect(try steps.refusal(in: work()) == .unsupported)
    _ = try shell("rm f")
    try steps.carryOut(in: work(), options: ReceiveOptions(allowsMissingData: true))
    #expect(try work().status(of: "f").size == 0)
  }
}
