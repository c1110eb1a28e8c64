import Foundation
import TestSupport
import Testing
import UpdateFile

@Suite("What can be asked of a build", .btrfs)
struct EndToEndBuildTests {
  let bench: EndToEndBench

  init() throws {
    bench = try EndToEndBench()
    try bench.release(1, Self.first)
    try bench.release(2, Self.second)
  }

  private static let first = """
    mkdir bin etc; cp /bin/cat /bin/cp bin; for i in $(seq 10); do seq $i 500 >etc/$i; done
    head -c 600000 /dev/urandom >random
    """
  private static let second = """
    for i in $(seq 10); do echo $i >>etc/$i; done; head -c 400000 /dev/urandom >other
    printf x | dd of=bin/cat bs=1 seek=999 conv=notrunc; mv random moved
    """

  @Test("The same input gives the same bytes, whatever -j is; the date is the only other input")
  func reproducible() throws {
    try bench.build(1, 2, "one", ["-j", "1"])
    try bench.build(1, 2, "two", ["-j", "2"])
    let one = try EndToEndBench.bytes(bench.file("one"))
    #expect(try firstDifference(one, EndToEndBench.bytes(bench.file("two"))) == nil)
    let date = ["SOURCE_DATE_EPOCH": "1700000000"]
    try bench.build(1, 2, "three", ["-j", "2", "--no-self-check"], environment: date)
    try bench.build(1, 2, "four", ["-j", "1"], environment: date)
    let three = try EndToEndBench.bytes(bench.file("three"))
    #expect(try firstDifference(three, EndToEndBench.bytes(bench.file("four"))) == nil)
    #expect(firstDifference(one, three) != nil)
    #expect(
      try bench.delta("inspect", bench.file("three")).contains("2023-11-14T22:13:20Z by btrfs-"))
    try bench.refuse(
      "btrfs-delta", build(more: []), .usage, "SOURCE_DATE_EPOCH",
      environment: ["SOURCE_DATE_EPOCH": "yesterday"])
  }

  @Test("A device with little memory", arguments: ["32M", "40MiB", "300000000"])
  func memory(limit: String) async throws {
    try bench.build(nil, 1, "full", ["--max-apply-memory", limit])
    try bench.build(1, 2, "delta", ["--max-apply-memory", limit])
    let given = ["32M": 32 << 20, "40MiB": 40 << 20, "300000000": 300_000_000]
    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      for (index, name) in ["full", "delta"].enumerated() {
        let manifest = try EndToEndBench.object(
          bench.delta("inspect", bench.file(name), "--json"))
        let needs = try #require(manifest["needs"] as? [String: Any])
        #expect(try #require(needs["memory"] as? Int) <= (given[limit] ?? 0))
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(name)))
        let version = UInt64(index + 1)
        #expect(try EndToEndBench.difference(bench.tree(version), device.tree(version)) == "")
      }
    }
  }

  @Test("Versions by name, by another prefix, and by number")
  func versions() throws {
    let (one, two) = (bench.path("os_v7"), bench.path("golden image"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", bench.tree(1), one)
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", bench.tree(2), two)
    func build(_ more: String...) -> [String] {
      ["build", "--parent", one, "--child", two, "--key", bench.path("private.pem")]
        + ["-o", bench.file("v")] + more
    }
    try bench.refuse("btrfs-delta", build(), .badTree, "sys_root_vN")
    try bench.refuse("btrfs-delta", build("--prefix", "os"), .badTree, "os_vN")
    try bench.refuse(
      "btrfs-delta", build("--prefix", "os", "--to-version", "7"), .badTree, "both version 7")
    try bench.succeed("btrfs-delta", build("--prefix", "os", "--to-version", "8"))
    #expect(try bench.delta("inspect", bench.file("v")).contains(" 7 -> 8\n"))
    try bench.succeed("btrfs-delta", build("--from-version", "1", "--to-version", "12"))
    #expect(try bench.delta("inspect", bench.file("v")).contains(" 1 -> 12\n"))
    // A slash at the end is what shells complete.
    try bench.succeed(
      "btrfs-delta",
      ["build", "--child", "\(bench.tree(2))/", "--key", bench.path("private.pem")]
        + ["-o", bench.file("slash")])
    #expect(try bench.delta("inspect", bench.file("slash")).contains("2, a full update"))
  }

  @Test("What cannot be built, and says so")
  func refusals() async throws {
    try run("btrfs", "-q", "subvolume", "snapshot", bench.tree(2), bench.path("sys_root_v3"))
    for (child, exit, text) in [
      (bench.tree(3), .badTree, "is not read-only"),
      (bench.tree(1), .badTree, "as parent and as child"),
      (bench.path("files"), .notBtrfs, "subvolume"), ("/proc", .notBtrfs, "subvolume"),
      (bench.path("private.pem"), .notBtrfs, "subvolume"),
      (bench.tree(99), .inputOutput, "No such file"),
    ] as [(String, EndToEndBench.Exit, String)] {
      let arguments = build(child: child, more: ["--plan", "send"])
      try bench.refuse("btrfs-delta", arguments, exit, text)
    }
    try bench.refuse("btrfs-delta", build(child: bench.tree(1)), .badTree, "as parent and as child")
    try bench.refuse("btrfs-delta", build(child: bench.tree(99)), .inputOutput, "No such file")
    try bench.refuse(
      "btrfs-delta", build(more: ["--max-apply-memory", "8M"]), .noMemory, "too small")
    for (output, text) in [
      (bench.path("nowhere/update"), "No such file"), (bench.path("files"), "directory"),
      (bench.path("files/"), "directory"), ("/dev/null", "/dev/null"),
    ] {
      try bench.refuse("btrfs-delta", build(output: output), .inputOutput, text)
    }
    #expect(try run("stat", "-c", "%F", "/dev/null") == Array("character special file\n".utf8))
    try await BtrfsFixture.with { mount in
      let other = "\(mount.path)/sys_root_v9"
      try run("btrfs", "-q", "subvolume", "create", other)
      try run("btrfs", "property", "set", other, "ro", "true")
      try bench.refuse(
        "btrfs-delta", build(child: other, more: ["--plan", "send"]), .notBtrfs,
        "are on different file systems")
    }
    #expect(try run("ls", "-A", bench.path("files")) == [])
  }

  @Test("Keys that do not sign")
  func keys() throws {
    let public_ = bench.path("keys/public.pem")
    try bench.refuse("btrfs-delta", build(key: public_), .badKey, "a public key, where")
    try bench.refuse("btrfs-delta", build(key: bench.tree(1)), .badKey, "cannot be read")
    try bench.refuse("btrfs-delta", build(key: bench.path("none")), .badKey, "cannot be read")
    try bench.refuse("btrfs-delta", build(key: "/dev/null"), .badKey, "not a private key")
    let twice = ["--key", bench.path("private.pem")]
    try bench.refuse("btrfs-delta", build(more: twice), .badKey, "")
    try bench.refuse(
      "btrfs-delta",
      ["keygen", "--private", bench.path("new.pem"), "--public", bench.path("private.pem")],
      .inputOutput, "a key is never overwritten")
    #expect(try run("ls", bench.mount.path).isEmpty == false)
    #expect(!FileManager.default.fileExists(atPath: bench.path("new.pem")))
    try bench.refuse(
      "btrfs-delta",
      ["keygen", "--private", bench.path("private.pem"), "--public", bench.path("new.pem")],
      .inputOutput, "a key is never overwritten")
    #expect(!FileManager.default.fileExists(atPath: bench.path("new.pem")))
    #expect(
      try run("stat", "-c", "%a", bench.path("private.pem"), public_) == Array("600\n644\n".utf8))
    // What openssl makes is as good, and it reads ours.
    try run("openssl", "genpkey", "-algorithm", "ed25519", "-out", bench.path("other.pem"))
    try bench.succeed("btrfs-delta", build(key: bench.path("other.pem")))
    try run("openssl", "pkey", "-in", bench.path("private.pem"), "-noout")
  }

  @Test("Command lines that are wrong")
  func usage() throws {
    for more in [
      ["--proto", "3"], ["-j", "0"], ["--max-apply-memory", "much"], ["--progress", "loud"],
      ["--compatible", ""], ["--compatible", "a\nb"], ["--unheard-of"],
    ] {
      try bench.refuse("btrfs-delta", build(more: more), .usage)
    }
    for arguments in [
      ["build", "--child", bench.tree(1), "-o", bench.file("x")], ["keygen", "--private", "x"],
      ["build", "--child", bench.tree(1), "--key", bench.path("private.pem")], ["verify", "x"],
      ["expand"], ["inspect"], ["dump", "--json", "--count"], ["frobnicate"],
    ] {
      try bench.refuse("btrfs-delta", arguments, .usage)
    }
    for arguments in [
      ["apply"], ["apply", "x", "--reboot"], ["status", "--root", "/", "--device", "/dev/null"],
      ["activate", "one", "--root", "/"], ["activate", "01", "--root", "/"],
      ["activate", "--tries", "0"], ["mark", "fine"], ["rollback", "now"],
    ] {
      try bench.refuse("btrfs-update", arguments, .usage)
    }
    #expect(try run("ls", "-A", bench.path("files")) == [])
  }

  @Test("A full disk, a kill, and an error leave no file behind, and the old one in its place")
  func leavesNothing() async throws {
    try await BtrfsFixture.with(megabytes: 128) { mount in
      let output = "\(mount.path)/update"
      func names() throws -> String {
        String(decoding: try run("ls", "-A", mount.path), as: UTF8.self)
      }
      // The build needs some 2 MB beside its output.
      try run("sh", "-c", "! cat /dev/zero >\(mount.path)/filler 2>/dev/null")
      try bench.refuse("btrfs-delta", build(output: output), .noSpace, "make room")
      #expect(try names() == "filler\n")
      try run("rm", "\(mount.path)/filler")

      for delay in ["0.02", "0.1", "0.2", "0.3", "0.4"] {
        try EndToEndBench.write(Array("old".utf8), output)
        let result = try bench.result(
          "btrfs-delta", build(output: output), through: ["timeout", "-s", "KILL", delay])
        #expect(result.status != 0 || delay != "0.02")
        #expect(try names() == "update\n")
        // Nothing between the old file and the new one, whole.
        if try EndToEndBench.bytes(output) != Array("old".utf8) {
          try run("xz", "-t", "--format=xz", output)
        }
      }
      try bench.refuse("btrfs-delta", build(child: bench.tree(1), output: output), .badTree)
      try EndToEndBench.write(Array("old".utf8), output)
      try bench.succeed("btrfs-delta", build(output: output))
      #expect(try names() == "update\n")
      try run("xz", "-t", "--format=xz", output)
      // Expanding does the same.
      let expand = ["expand", output, "--output", "\(mount.path)/plain", "--parent"]
      try bench.refuse("btrfs-delta", expand + [bench.path("work")], .parentModified)
      #expect(try names() == "update\n")
      try bench.succeed("btrfs-delta", expand + [bench.tree(1)])
      #expect(try names() == "plain\nupdate\n")
    }
  }

  private func build(
    child: String? = nil, key: String? = nil, output: String? = nil, more: [String] = []
  ) -> [String] {
    [
      "build", "--parent", bench.tree(1), "--child", child ?? bench.tree(2), "--key",
      key ?? bench.path("private.pem"), "--output", output ?? bench.file("update"),
    ] + more
  }
}
