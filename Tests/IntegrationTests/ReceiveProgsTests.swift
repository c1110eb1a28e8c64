import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@Suite("What btrfs-progs' own tests of receive check", .btrfs(options: ["noatime"]))
struct ReceiveProgsTests {
  let it: ReceiveProgram

  init() throws { it = try ReceiveProgram() }

  @Test("Empty and simple subvolumes, full and incremental, with -e and without (018)")
  func endOfStream() throws {
    try it.makeIncrement("true", "true")
    try it.bench.shell("head -c 1000000 /dev/zero > f; head -c 1000000 /dev/zero > g")
    _ = try it.bench.snapshot("v3", version: 1, parent: "v2")
    for options in [[], ["-e"]] {
      let directory = "d\(options.count)"
      try run("mkdir", it.path(directory))
      for name in ["v1", "v2", "v3"] {
        let command = [it.program, "receive"] + options + ["-v", "-f", it.path("streams/\(name)")]
        let result = try runProgram(command + [it.path(directory)])
        #expect(result.status == 0, "\(result.errors)")
        try it.expectSame("\(directory)/\(name)", name)
      }
    }
  }

  @Test("Snapshots of two subvolumes in one stream, with clone sources of both (016)")
  func severalCloneSources() throws {
    try it.bench.shell(
      """
      for s in 1 2; do
        btrfs -q subvolume create p$s
        for i in 1 2 3; do
          head -c 300000 /dev/urandom > p$s/f$i; [ $i = 1 ] || cp --reflink=always p$s/f1 p$s/c$i
          btrfs -q subvolume snapshot -r p$s s${s}_$i
        done
      done
      btrfs -q send -f streams/first s1_1 s2_1
      btrfs -q send -f streams/rest -c s1_1 -c s2_1 s1_2 s1_3 s2_2 s2_3
      """, in: ".")
    #expect(try it.receive("first").status == 0)
    let result = try it.receive("rest")
    #expect(result.status == 0, "\(result.errors)")
    for name in ["s1_1", "s1_2", "s1_3", "s2_1", "s2_2", "s2_3"] {
      try it.expectSame("ours/\(name)", name)
    }
  }

  @Test("A stream that is none, or of version 0, ends --dump, whatever -E says (036)")
  func invalidDump() throws {
    try it.write(Array("btrfs-stream\0\0\0\0\0".utf8), as: "zero")
    for options in [[], ["-E", "1"], ["-E", "10"], ["-E", "0"]] {
      let command = ["timeout", "10", it.program, "receive", "--dump", "-f"]
      let result = try runProgram(command + [it.path("streams/zero")] + options)
      #expect(result.status == 27, "\(result.errors)")
    }
  }

  @Test("Cloned from what is being received, not from what was received of the same before (039)")
  func cloneFromCurrent() throws {
    try it.bench.shell(
      "head -c 1M /dev/urandom > foo; cp --reflink=always foo bar; mkdir d; mv foo d")
    _ = try it.bench.snapshot("v1", version: 1)
    try run("mkdir", it.path("second"))
    for directory in ["ours", "second"] {
      #expect(try it.receive("v1", into: directory).status == 0)
      try it.expectSame("\(directory)/v1", "v1")
    }
    #expect(try it.stock("v1").status == 0)
    let found = try it.record("second/v1").extentDifferences(to: it.record("stock/v1"), "v1")
    #expect(found == [])
  }

  @Test("What was received is nothing that btrfs warns of (051)")
  func noWarning() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    for name in ["v1", "v2"] {
      #expect(try it.receive(name, "-m", it.bench.mount.path).status == 0)
      let show = try runProgram(["btrfs", "subvolume", "show", it.path("ours/\(name)")])
      let text = String(decoding: show.output, as: UTF8.self) + show.errors
      #expect(show.status == 0 && text.contains("Received UUID"))
      #expect(!text.contains("WARNING"), "\(text)")
    }
  }

  @Test("Mount points of which one's path begins with the other's (035)")
  func commonPrefix() throws {
    try it.makeIncrement("echo 1 > f; head -c 50000 /dev/urandom > g", "cp --reflink=always g h")
    let device = String(
      decoding: try run("findmnt", "-no", "SOURCE", it.bench.mount.path), as: UTF8.self
    ).split(separator: "\n")[0]
    let directory = try TemporaryDirectory()
    let (one, two) = (directory.path + "/mnt", directory.path + "/mnt2")
    try run("mkdir", one, two)
    try run("btrfs", "-q", "subvolume", "create", it.path("sub"))
    try run("mount", "-o", "noatime", String(device), one)
    try run("mount", "-o", "noatime,subvol=sub", String(device), two)
    for (name, mount) in [("v1", one + "/ours"), ("v2", two)] {
      let file = it.path("streams/\(name)")
      let result = try runProgram([it.program, "receive", "-f", file, mount])
      #expect(result.status == 0, "\(result.errors)")
    }
    try unmount(two)
    try unmount(one)
    try it.expectSame("sub/v2", "v2")
  }

  @Test("Another file system that is mounted within is not this one (045)")
  func otherFileSystem() throws {
    try it.bench.shell("echo 1 > f")
    _ = try it.bench.snapshot("v1", version: 1)
    try run("mkdir", it.path("ours/other"))
    try run("mount", "-t", "tmpfs", "none", it.path("ours/other"))
    #expect(try it.receive("v1", into: "ours/other").status == 11)
    try unmount(it.path("ours/other"))
    #expect(try it.names(in: "ours/other") == [])
    #expect(try it.receive("v1", into: "ours/other").status == 0)
  }

  @Test("A received subvolume that was made writable by btrfs is no parent any more (050)")
  func writableAgain() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    #expect(try it.receive("v1").status == 0)
    #expect(try it.info("ours/v1").isReadOnly)
    try run("btrfs", "property", "set", "-f", it.path("ours/v1"), "ro", "false")
    #expect(try it.info("ours/v1").receivedUUID.isZero)
    #expect(try it.receive("v2").status == 33)
    #expect(try it.names(in: "ours") == ["v1"])
  }

  @Test(
    "Compressed data is stored as it is, and with --force-decompress is not (053)",
    arguments: ["zlib", "lzo", "zstd"])
  func compressed(_ method: String) throws {
    try it.bench.shell(
      """
      touch f g; btrfs property set f compression \(method); btrfs property set g compression \(method)
      for i in {1..60000}; do echo "line $i"; done > f; head -c 100 /dev/zero > g; sync
      head -c 131072 /dev/zero | tr '\\0' x | dd of=f bs=128K seek=3 conv=notrunc status=none; sync
      """)
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", it.path("work"), it.path("v1"))
    let sent = it.path("streams/v1")
    try run("btrfs", "-q", "send", "--proto", "2", "--compressed-data", "-f", sent, it.path("v1"))
    let dump = String(decoding: try run(it.program, "dump", sent), as: UTF8.self)
    #expect(dump.contains("encoded_write"))
    try run("mkdir", it.path("plain"))
    #expect(try it.receive("v1").status == 0)
    #expect(try it.receive("v1", into: "plain", "--force-decompress").status == 0)
    #expect(try it.stock("v1").status == 0)
    try it.expectSame("ours/v1", "v1")
    try it.expectSame("plain/v1", "v1")
    try it.bench.expectSame("ours/v1", "stock/v1", asSent: true)
    // The compression property makes the file system compress what is written, too.
    #expect(try occupied("ours/v1/f") == occupied("v1/f"))
  }

  /// Bytes on disk of a file, as its extents have them.
  private func occupied(_ file: String) throws -> String {
    let text = try run("filefrag", "-v", it.path(file))
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains("encoded") }
    return "\(lines.count)"
  }

  @Test("Without a device to mount, parents are found beneath the root mount (-m, -C)")
  func rootMount() throws {
    try it.makeIncrement("echo 1 > f; head -c 90000 /dev/urandom > g", "cp --reflink=always g h")
    #expect(try it.receive("v1").status == 0)
    try run("btrfs", "-q", "subvolume", "delete", it.path("v1"))
    let device = String(
      decoding: try run("findmnt", "-no", "SOURCE", it.bench.mount.path), as: UTF8.self
    ).split(separator: "\n")[0]
    // In the place of the device there is another one.
    let script = """
      mount --bind /dev/null \(device)
      "$0" receive -C "$@"
      """
    func receive(_ options: String...) throws -> ProgramResult {
      try runProgram(
        ["unshare", "--mount", "bash", "-uc", script, it.program] + options
          + ["-f", it.path("streams/v2"), it.path("ours")])
    }
    let alone = try receive()
    #expect(alone.status == 33, "\(alone.errors)")
    #expect(alone.errors.contains("--root-mount"))
    let result = try receive("-m", it.bench.mount.path)
    #expect(result.status == 0, "\(result.errors)")
    try it.expectSame("ours/v2", "v2")
  }
}
