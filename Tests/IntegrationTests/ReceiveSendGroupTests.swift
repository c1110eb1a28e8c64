import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@Suite("What fstests' send group checks", .btrfs(megabytes: 1024, options: ["noatime"]))
struct ReceiveSendGroupTests {
  let it: ReceiveProgram

  init() throws { it = try ReceiveProgram() }

  /// Receives what was sent, by both, and compares with it and with each other.
  private func receiveAndCompare(_ names: [String]) throws {
    for name in names {
      let ours = try it.receive(name)
      #expect(ours.status == 0, "\(name): \(ours.errors)")
      #expect(try it.stock(name).status == 0)
    }
    for name in names {
      let source = try record(name)
      #expect(try record("ours/\(name)").differences(to: source, name).prefix(3) == [])
      #expect(try record("stock/\(name)").differences(to: source, name).prefix(3) == [])
      // If the root's time was not sent, it is of the receiving.
      guard try it.record("stock/\(name)").differences(to: it.record(name), "").isEmpty else {
        continue
      }
      try it.expectSame("ours/\(name)", name)
      let found = try it.record("ours/\(name)")
        .extentDifferences(to: it.record("stock/\(name)"), name)
      #expect(found.prefix(3) == [])
    }
  }

  private func record(_ subvolume: String) throws -> TreeRecord {
    try TreeRecord(of: it.bench.open(subvolume), hasRootTime: false)
  }

  @Test(
    "The program makes what was sent, and what btrfs receive makes",
    arguments: ReceiveRecipe.all + ReceiveRecipe.sendGroup)
  func recipes(_ recipe: ReceiveRecipe) throws {
    try recipe.before(it.bench)
    _ = try it.bench.snapshot("v1", version: 2)
    try recipe.change(it.bench)
    _ = try it.bench.snapshot("v2", version: 2, parent: "v1")
    try receiveAndCompare(["v1", "v2"])
  }

  /// Goes on in a writable snapshot of `v1`, whose new inodes get the numbers of those that went last.
  private func sendChangedCopy(_ before: String, _ change: String, version: Int = 1) throws {
    try it.bench.shell(before)
    _ = try it.bench.snapshot("v1", version: version)
    try run("btrfs", "-q", "subvolume", "snapshot", it.path("v1"), it.path("copy"))
    try it.bench.shell(change, in: "copy")
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", it.path("copy"), it.path("v2"))
    _ = try it.bench.send("v2", version: version, parent: "v1")
  }

  @Test("A new inode has the number of one that is gone (105)")
  func sameNumber() throws {
    try sendChangedCopy(
      "mkdir d; head -c 65536 /dev/urandom > d/f",
      "rm d/f; head -c 98304 /dev/urandom > d/f")
    try receiveAndCompare(["v1", "v2"])
  }

  @Test("A new directory has the number of the one that another left (134)")
  func numberOfParent() throws {
    try sendChangedCopy(
      "mkdir d1 d2 d3; mv d1 d2/d1",
      "mv d2/d1 d1; rmdir d2 d3; touch f; mkdir n; mv d1 n/d1")
    try receiveAndCompare(["v1", "v2"])
  }

  @Test("A new file has the number of a directory that goes late (227)")
  func numberOfDirectory() throws {
    try sendChangedCopy("mkdir d; touch d/1 d/2 d/3", "rm -r d; touch new")
    try receiveAndCompare(["v1", "v2"])
  }

  @Test("A file has the number of a directory of another subvolume, and its sister's name (133)")
  func otherSubvolume() throws {
    try it.bench.shell("mkdir a1 a2")
    _ = try it.bench.snapshot("v1", version: 1)
    try run("btrfs", "-q", "subvolume", "create", it.path("copy"))
    try it.bench.shell("touch a2", in: "copy")
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", it.path("copy"), it.path("v2"))
    _ = try it.bench.send("v2", version: 1, parent: "v1")
    try receiveAndCompare(["v1", "v2"])
  }

  @Test("From a pipe, while block groups move and parents are deleted (252)")
  func balance() throws {
    var generator = SeededGenerator.ofTest("balance")
    var changes = RandomChanges(generator: SeededGenerator(seed: generator.next()))
    for number in 1...6 {
      let work = try it.bench.open("work")
      for _ in 0..<300 { _ = changes.change(work) }
      let name = it.path("v\(number)")
      try run("btrfs", "-q", "subvolume", "snapshot", "-r", it.path("work"), name)
    }
    try run(
      "bash", "-euc",
      """
      cd "$1"; set -o pipefail
      while ! [ -e done ]; do
        # Not while subvolumes are being deleted or another balance ends: it is begun again then.
        if btrfs -q balance start --full-balance .; then echo >> balanced; fi
      done > /dev/null & balance=$!
      trap 'touch done; wait $balance' EXIT
      btrfs -q send v1 | "$0" receive -q ours
      for i in 2 3 4 5 6; do
        btrfs -q send -p v$((i - 1)) v$i | "$0" receive -q ours
        # The original goes; what was received of it is the next one's parent.
        [ $i = 6 ] || [ $i = 2 ] || btrfs -q subvolume delete v$((i - 2))
      done
      """, it.program, it.bench.mount.path)
    for number in 4...6 { try it.expectSame("ours/v\(number)", "v\(number)") }
    #expect(FileManager.default.fileExists(atPath: it.path("balanced")), "nothing was balanced")
    #expect(try it.names(in: "ours").count == 6)
  }

  @Test("A parent among hundreds that have its received UUID (345)")
  func manyReceived() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    #expect(try it.receive("v1").status == 0)
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    try run(
      "bash", "-euc",
      "cd \"$0\"; for i in {1..300}; do btrfs -q subvolume snapshot -r v1 s$i; done",
      it.path("ours"))
    let result = try it.receive("v2")
    #expect(result.status == 0, "\(result.errors)")
    try it.expectSame("ours/v2", "v2")
  }

  @Test("Somebody without privileges prints a stream that belongs to somebody else (339)")
  func dumpOfOthers() throws {
    try it.makeIncrement("echo 1 > f", "true")
    let stream = it.path("streams/v1")
    try run("chown", "1234", stream)
    try run("chmod", "644", stream)
    let dump = try run(
      "setpriv", "--bounding-set", "-all", "--inh-caps", "-all", it.program, "receive", "--dump",
      "-f", stream)
    #expect(String(decoding: dump, as: UTF8.self).contains("mkfile"))
  }

  @Test("Files without a name any more are not there (058, 168, 278)")
  func unlinked() throws {
    try it.bench.shell("head -c 65536 /dev/urandom > f; touch g h; mkdir d; touch d/i")
    let script = """
      cd "$0"
      exec 71<work/g 72<work/d; rm work/g; rm -r work/d
      btrfs -q subvolume snapshot -r work v1; btrfs -q send -f streams/v1 v1
      btrfs property set -f v1 ro false; exec 73<v1/h; rm v1/h; btrfs property set v1 ro true
      btrfs -q send -f streams/v1 v1
      echo more >> work/f; touch work/j
      btrfs -q subvolume snapshot -r work v2; btrfs property set -f v2 ro false
      exec 74<v2/f 75<v2/j; rm v2/f v2/j; btrfs property set v2 ro true
      btrfs -q send -p v1 -f streams/v2 v2
      """
    try run("bash", "-euc", script, it.bench.mount.path)
    try receiveAndCompare(["v1", "v2"])
  }

  @Test("What was received is sent on, and received elsewhere, by everybody (110, 111)")
  func sentOn() throws {
    try it.makeIncrement(
      "head -c 32768 /dev/urandom > f",
      "dd if=/dev/urandom of=f bs=4K count=1 seek=1 conv=notrunc status=none")
    for name in ["v1", "v2"] { #expect(try it.receive(name).status == 0) }
    try run("mkdir", it.path("third"), it.path("back"))
    try run("btrfs", "-q", "send", "-f", it.path("streams/1"), it.path("ours/v1"))
    try run(
      "btrfs", "-q", "send", "-p", it.path("ours/v1"), "-f", it.path("streams/2"),
      it.path("ours/v2"))
    for name in ["1", "2"] {
      let result = try it.receive(name, into: "third")
      #expect(result.status == 0, "\(result.errors)")
      #expect(try it.stock(name).status == 0)
    }
    for name in ["v1", "v2"] {
      try it.expectSame("third/\(name)", name)
      #expect(try it.info("third/\(name)").receivedUUID == it.info(name).uuid)
    }
    // Where only originals are, and the sender's transactions are others.
    for name in ["ours/v1", "third/v1", "stock/v1"] {
      try run("btrfs", "-q", "subvolume", "delete", it.path(name))
    }
    #expect(try it.receive("2", into: "back").status == 0)
    try it.expectSame("back/v2", "v2")
    #expect(try it.info("back/v2").parentUUID == it.info("v1").uuid)
  }

  @Test("Four at a time, with quota groups (033, 152)")
  func concurrent() throws {
    try run("btrfs", "quota", "enable", it.bench.mount.path)
    try it.bench.shell("touch f; mkdir d")
    _ = try it.bench.snapshot("v1", version: 1)
    for number in 1...4 { try run("mkdir", it.path("r\(number)")) }
    for round in 1...4 {
      let name = "v\(round)"
      if round > 1 {
        try it.bench.shell("head -c 50000 /dev/urandom > f; touch d/\(round)")
        _ = try it.bench.snapshot(name, version: 1, parent: "v\(round - 1)")
      }
      try run(
        "bash", "-euc",
        """
        cd "$1"; pids=; for r in 1 2 3 4; do "$0" receive -q -f streams/\(name) r$r & pids+=" $!"; done
        for pid in $pids; do wait $pid; done
        """, it.program, it.bench.mount.path)
      for number in 1...4 { try it.expectSame("r\(number)/\(name)", name) }
    }
  }

  @Test("A parent between others, from a copy that was deduplicated since (008, 191)")
  func deduplicatedParent() throws {
    try it.makeIncrement(
      "head -c 65536 /dev/zero | tr '\\0' x > f; cp --reflink=never f g; mkdir d", "echo 2 > d/h")
    try run("mkdir", it.path("ours/a"))
    #expect(try it.receive("v1", into: "ours/a").status == 0)
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    // FIDEDUPERANGE: struct file_dedupe_range with one struct file_dedupe_range_info.
    try run(
      "python3", "-c",
      """
      import fcntl, os, struct, sys
      root = sys.argv[1]
      source, target = (os.open(root + '/' + name, os.O_RDONLY) for name in 'fg')
      args = bytearray(struct.pack('<QQHHIqQQiI', 0, 65536, 1, 0, 0, target, 0, 0, 0, 0))
      fcntl.ioctl(source, 0xC0189436, args)
      done, status = struct.unpack_from('<Qi', args, 40)
      assert (done, status) == (65536, 0), (done, status)
      """, it.path("ours/a/v1"))
    try run("sync", "-f", it.bench.mount.path)
    #expect(try !it.info("ours/a/v1").isUntouchedSinceReceive)
    let result = try it.receive("v2")
    #expect(result.status == 0, "\(result.errors)")
    try it.expectSame("ours/v2", "v2")
  }

  @Test("A file system whose copy is mounted, too (314)")
  func temporaryIdentity() throws {
    try it.makeIncrement("echo 1 > f; head -c 90000 /dev/urandom > g", "cp --reflink=always g h")
    let first = try TemporaryDirectory()
    let second = try TemporaryDirectory()
    let (one, two) = (first.path, second.path)
    let (image, copy) = (it.path("one.img"), it.path("two.img"))
    try run("truncate", "-s", "200M", image)
    try run("mkfs.btrfs", "-q", image)
    try run("cp", "--reflink=always", image, copy)
    try run("mount", "-o", "loop,noatime", image, one)
    try run("mount", "-o", "loop,noatime", copy, two)
    for (name, mount) in [("v1", one), ("v1", two), ("v2", two), ("v2", one)] {
      let file = it.path("streams/\(name)")
      let result = try runProgram([it.program, "receive", "-f", file, mount])
      #expect(result.status == 0, "\(name): \(result.errors)")
      let found = try TreeRecord(of: Descriptor.open("\(mount)/\(name)", .directory))
      #expect(try found.differences(to: it.record(name), name).prefix(3) == [])
    }
    for mount in [one, two] { try unmount(mount) }
  }

  @Test("The wrapper hands receive to us, and all else to btrfs")
  func wrapper() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    let wrapper = TestImages.directory.appending(path: "../tools/btrfs-wrapper").path
    func wrapped(_ arguments: String...) throws -> ProgramResult {
      try runProgram([wrapper] + arguments, environment: ["BTRFS_DELTA": it.program])
    }
    let file = it.path("streams/v1")
    let result = try wrapped("-v", "receive", "-f", file, it.path("ours"))
    #expect(result.status == 0 && result.errors.contains("receiving subvol v1 uuid="))
    #expect(try it.info("ours/v1").isUntouchedSinceReceive)
    #expect(try wrapped("-q", "rec", "-f", file, it.path("ours")).status == 1)
    #expect(try wrapped("receive", it.path("ours"), "-f", it.path("streams/v2")).status == 0)
    let show = try wrapped("subvolume", "show", it.path("ours/v2"))
    #expect(show.status == 0 && String(decoding: show.output, as: UTF8.self).contains("readonly"))
    try it.expectSame("ours/v2", "v2")
  }
}
