import Btrfs
import Bytes
import Foundation
import Linux
import SendStream
import TestSupport
import Testing

/// What `btrfs receive` gets wrong: each test shows it where that is safe to show.
@Suite("What btrfs receive gets wrong", .btrfs(options: ["noatime"]))
struct ReceiveGotchaTests {
  let it: ReceiveProgram

  init() throws { it = try ReceiveProgram() }

  @Test("Commands before SUBVOL act on nothing (S1)")
  func noSubvolume() throws {
    // Stock takes paths of such a stream from the host's root.
    let planted = it.path("planted")
    try it.makeStream("s1", ReceiveProgram.makeFile(String(planted.dropFirst())))
    #expect(try it.receive("s1").status == 24)
    #expect(!FileManager.default.fileExists(atPath: planted))
    #expect(try it.stock("s1").status == 0)
    #expect(FileManager.default.fileExists(atPath: planted))
  }

  @Test("Paths with .. lead nowhere (S2)")
  func dots() throws {
    try it.makeStream("s2", rawSubvolume(), ReceiveProgram.makeFile("../planted"))
    try it.makeStream("name", rawSubvolume("../sv"))
    #expect(try it.receive("s2").status == 24)
    #expect(try it.receive("name").status == 24)
    #expect(try it.names(in: "ours") == [])
    #expect(try it.stock("s2").status == 0)
    #expect(try it.names(in: "stock") == ["planted", "sv"])
  }

  @Test("Parents and clone sources need not be below what is mounted (C2, C12)")
  func mountedSubvolume() throws {
    try it.makeIncrement(
      "head -c 100000 /dev/urandom > f; echo 1 > g",
      "cp --reflink=always f h; echo 2 > g")
    #expect(try it.receive("v1").status == 0)
    try run("btrfs", "-q", "subvolume", "create", it.path("target"))
    let device = String(
      decoding: try run("findmnt", "-no", "SOURCE", it.bench.mount.path), as: UTF8.self
    ).split(separator: "[")[0].split(separator: "\n")[0]
    let mount = try TemporaryDirectory()
    try run("mount", "-o", "noatime,subvol=target", String(device), mount.path)
    let stock = try runProgram(["btrfs", "receive", "-f", it.path("streams/v2"), mount.path])
    #expect(stock.status != 0)
    try run("bash", "-uc", "rm -rf \"$0\"/v2 || btrfs -q subvolume delete \"$0\"/v2", mount.path)
    let ours = try runProgram(
      [it.program, "receive", "-f", it.path("streams/v2"), mount.path])
    #expect(ours.status == 0, "\(ours.errors)")
    try unmount(mount.path)
    try it.expectSame("target/v2", "v2")
  }

  @Test("A clone source elsewhere in the file system is found, and its data is there (C2)")
  func cloneSourceElsewhere() throws {
    try it.bench.shell("head -c 100000 /dev/urandom > one")
    _ = try it.bench.snapshot("other", version: 1)
    try it.bench.shell("mv one two; cp --reflink=always two three")
    _ = try it.bench.snapshot("v1", version: 1, cloneSources: ["other"])
    try run("mkdir", it.path("ours/deep"), it.path("ours/deep/er"))
    #expect(try it.receive("other", into: "ours/deep/er").status == 0)
    try run("btrfs", "-q", "subvolume", "delete", it.path("other"))
    let result = try it.receive("v1")
    #expect(result.status == 0, "\(result.errors)")
    try it.expectSame("ours/v1", "v1")
    // Without it, it is an error, and nothing is there.
    try run("btrfs", "-q", "subvolume", "delete", it.path("ours/deep/er/other"))
    try run("mkdir", it.path("none"))
    #expect(try it.receive("v1", into: "none").status == 33)
    #expect(try it.names(in: "none") == [])
  }

  @Test("A parent that was changed is refused, and is not mixed up with one that is late (C4)")
  func changedParent() throws {
    try it.makeIncrement("head -c 3000000 /dev/urandom > f; mkdir d; echo 1 > g", "echo 2 > g")
    // What was sent must not serve.
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    for change in [
      "echo tampered > f", "chmod 700 d", "rm f", "setfattr -n user.a -v b d",
      "touch -d '2001-01-01Z' f",
    ] {
      #expect(try it.receive("v1").status == 0)
      try it.tamper("ours/v1", change)
      let result = try it.receive("v2")
      #expect(result.status == 34, "\(change): \(result.errors)")
      #expect(try it.names(in: "ours") == ["v1"])
      try run("btrfs", "-q", "subvolume", "delete", it.path("ours/v1"))
    }
    // Stock's data goes to the disk after the subvolume was marked: no change, but it looks like one.
    #expect(try it.stock("v1").status == 0)
    try run("sync", "-f", it.bench.mount.path)
    #expect(try !it.info("stock/v1").isUntouchedSinceReceive)
    #expect(try it.receive("v2").status == 0)
    try it.expectSame("ours/v2", "v2")
    try it.tamper("stock/v1", "echo tampered > f")
    #expect(try it.stock("v2").status == 0)
    #expect(try !it.record("stock/v2").differences(to: it.record("v2"), "").isEmpty)
  }

  @Test("MKFILE of a name that is taken does not empty the file that has it (C8)")
  func existingFile() throws {
    try it.makeStream(
      "c8", rawSubvolume(), ReceiveProgram.makeFile("f"),
      rawCommand(
        .write, tlv(.path, "f"), tlv(.fileOffset, number: UInt64(0)), tlv(.data, "important")),
      ReceiveProgram.makeFile("f"))
    #expect(try it.stock("c8").status == 0)
    #expect(try it.receive("c8").status == 13)
    #expect(try it.names(in: "ours") == [])
  }

  @Test("The original snapshot serves as parent and as clone source (C9)")
  func original() throws {
    try it.makeIncrement("head -c 100000 /dev/urandom > f", "cp --reflink=always f g; echo 1 >> f")
    let result = try it.receive("v2")
    #expect(result.status == 0, "\(result.errors)")
    try it.expectSame("ours/v2", "v2")
    #expect(try it.info("ours/v2").parentUUID == it.info("v1").uuid)
  }

  @Test("Of two with the same received UUID it is the one that nothing has changed (C13)")
  func duplicates() throws {
    try it.makeIncrement("echo 1 > f; echo 2 > g", "echo 3 > f")
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    #expect(try it.receive("v1").status == 0)
    try run(
      "btrfs", "-q", "subvolume", "snapshot", "-r", it.path("ours/v1"), it.path("ours/copy"))
    try it.tamper("ours/v1", "echo tampered > g")
    #expect(try it.info("ours/v1").receivedUUID == it.info("ours/copy").receivedUUID)
    #expect(try it.receive("v2").status == 0)
    try it.expectSame("ours/v2", "v2")
    #expect(try it.stock("v2").status == 0)
    #expect(try !it.record("stock/v2").differences(to: it.record("v2"), "").isEmpty)
  }

  @Test("Nothing but what a killed receive has left is ever deleted (C14)")
  func deletesNothingElse() throws {
    try it.bench.shell("echo 1 > f")
    _ = try it.bench.snapshot("v1", version: 1)
    let ours = try it.bench.open("ours")
    // A directory, and a file, of the temporary name.
    try run("bash", "-euc", "mkdir \"$0\"; echo mine > \"$0\"/file", it.path("ours/.v1.receiving"))
    #expect(try it.receive("v1").status == 32)
    #expect(try it.names(in: "ours/.v1.receiving") == ["file"])
    try run("rm", "-r", it.path("ours/.v1.receiving"))
    // One that somebody is at work in.
    try Subvolume.create(".v1.receiving", in: ours)
    let root = try it.bench.open("ours/.v1.receiving")
    #expect(try root.lock(waits: false))
    #expect(try it.receive("v1").status == 12)
    #expect(try it.names(in: "ours") == [".v1.receiving"])
    // Somebody who was killed.
    _ = consume root
    #expect(try it.receive("v1").status == 0)
    #expect(try it.names(in: "ours") == ["v1"])
    // One in use, of the final name, stays as it is.
    #expect(try it.receive("v1").status == 32)
    try it.expectSame("ours/v1", "v1")
  }

  @Test("Parents are known by UUID, whatever exchange gave them which name (C15)")
  func exchanged() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    try it.bench.shell("echo 3 > f")
    _ = try it.bench.snapshot("v3", version: 1, parent: "v2")
    for name in ["v1", "v2"] { #expect(try it.receive(name).status == 0) }
    let ours = try it.bench.open("ours")
    try ours.rename("v1", to: "v2", .exchanging)
    for name in ["v1", "v2"] { try run("btrfs", "-q", "subvolume", "delete", it.path(name)) }
    #expect(try it.receive("v3").status == 0)
    try it.expectSame("ours/v3", "v3")
    #expect(try it.info("ours/v3").parentUUID == it.info("ours/v1").uuid)
  }

  @Test("What was received survives a power cut at the moment when it returns (C5)")
  func powerCut() async throws {
    try it.bench.shell("mkdir d; for i in {1..40}; do head -c 10000 /dev/urandom > d/$i; done")
    _ = try it.bench.snapshot("v1", version: 1)
    // A disk whose file lies here, where a copy is instant.
    let (disk, cut) = (it.path("disk.img"), it.path("cut.img"))
    let mount = try TemporaryDirectory()
    try run("truncate", "-s", "300M", disk)
    try run("mkfs.btrfs", "-q", disk)
    try run("mount", "-o", "loop,noatime", disk, mount.path)
    let stream = it.path("streams/v1")
    try run(
      "bash", "-euc", "\"$0\" receive -q -f \"$1\" \"$2\"; cp --reflink=always \"$3\" \"$4\"",
      it.program, stream, mount.path, disk, cut)
    try unmount(mount.path)
    try mountCopy(cut, at: mount.path)
    let found = try TreeRecord(of: Descriptor.open(mount.path + "/v1", .directory))
    let info = try Subvolume.info(of: Descriptor.open(mount.path + "/v1", .directory))
    let names = try Descriptor.open(mount.path, .directory).entries().map(\.name)
    try unmount(mount.path)
    #expect(try found.differences(to: it.record("v1"), "").prefix(3) == [])
    #expect(names == ["v1".bytes])
    let source = try it.info("v1")
    #expect(info.isReadOnly && info.receivedUUID == source.uuid)
  }
}
