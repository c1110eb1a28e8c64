import Foundation
import TestSupport
import Testing

@Suite("Squashing updates by the programs", .btrfs)
struct SquashTests {
  let bench: EndToEndBench

  init() throws {
    bench = try EndToEndBench()
    try bench.release(
      1,
      """
      mkdir -p usr/bin etc dir; cp /bin/ls usr/bin/program; ln usr/bin/program usr/bin/hard
      for i in $(seq 40); do echo "file $i" >dir/$i; done; ln -s ../dir etc/link
      setfattr -n user.a -v one etc; mkfifo etc/fifo; chmod 4755 usr/bin/program
      head -c 300000 /dev/urandom >usr/data; chown 5:6 usr/data
      """)
    try bench.release(
      2,
      """
      for i in $(seq 20); do echo "changed $i" >dir/$i; done; mv dir moved; ln -sfn ../moved etc/link
      printf patched | dd of=usr/bin/program bs=1 seek=20000 conv=notrunc status=none
      (head -c 100000 usr/data; echo more; tail -c +100001 usr/data) >usr/new; rm etc/fifo
      """)
    try bench.release(
      3,
      """
      rm -r moved; echo three >etc/version; setfattr -n user.a -v two etc; mv usr/new usr/newer
      printf again | dd of=usr/bin/program bs=1 seek=40000 conv=notrunc status=none
      """)
    try bench.build(1, 2, "1-2")
    try bench.build(2, 3, "2-3")
  }

  private var trusting: [String] { ["--public-key", bench.path("keys/public.pem")] }

  private func squash(_ output: String, _ more: [String] = []) -> [String] {
    [
      "squash", bench.file("1-2"), bench.file("2-3"), "--parent", bench.tree(1), "--key",
      bench.path("private.pem"), "--output", bench.file(output),
    ] + more
  }

  @Test("What comes of a chain is what comes of its last tree, byte for byte, and installs")
  func squashing() async throws {
    let date = ["SOURCE_DATE_EPOCH": "1700000000"]
    try bench.succeed("btrfs-delta", squash("1-3") + trusting, environment: date)
    try bench.build(1, 3, "direct", ["--plan", "tree"], environment: date)
    let squashed = try EndToEndBench.bytes(bench.file("1-3"))
    #expect(try firstDifference(squashed, EndToEndBench.bytes(bench.file("direct"))) == nil)
    try bench.succeed(
      "btrfs-delta",
      [
        "build", "--parent", bench.tree(1), "--child",
        "update:\(bench.file("1-2")),\(bench.file("2-3"))", "--key", bench.path("private.pem"),
        "--compatible", "oven", "--from-version", "1", "--output", bench.file("built"),
      ] + trusting, environment: date)
    #expect(try firstDifference(squashed, EndToEndBench.bytes(bench.file("built"))) == nil)
    try bench.build(nil, 1, "full")
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for name in ["full", "1-3"] {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(name)))
      }
      #expect(try EndToEndBench.difference(bench.tree(3), device.tree(3)) == "")
    }
  }

  @Test("Neither root nor btrfs is needed")
  func unprivileged() throws {
    let place = try TemporaryDirectory()
    for name in ["1-2", "2-3"] { try run("cp", bench.file(name), place.path) }
    try run("cp", bench.path("private.pem"), bench.path("keys/public.pem"), place.path)
    try run("rsync", "-aHAX", "\(bench.tree(1))/", "\(place.path)/tree")
    try run("chown", "65534:65534", place.path, "\(place.path)/private.pem")
    try run("chmod", "755", place.path)
    let result = try bench.result(
      "btrfs-delta",
      [
        "squash", "\(place.path)/1-2", "\(place.path)/2-3", "--parent", "\(place.path)/tree",
        "--key", "\(place.path)/private.pem", "--public-key", "\(place.path)/public.pem",
        "--output", "\(place.path)/1-3",
      ], through: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    #expect(result.status == 0, "\(result.errors)")
    try bench.succeed("btrfs-delta", squash("1-3") + trusting)
    #expect(
      try firstDifference(
        EndToEndBench.bytes("\(place.path)/1-3"), EndToEndBench.bytes(bench.file("1-3"))) == nil)
    let left = try FileManager.default.contentsOfDirectory(atPath: place.path)
    #expect(!left.contains { $0.contains("btrfs-delta") }, "\(left)")
  }

  @Test("Digests and differences of chains")
  func looking() throws {
    let chain = "update:\(bench.file("1-2")),\(bench.file("2-3"))"
    let digest = ["digest", chain, "--json", "--parent", bench.tree(1)]
    #expect(
      try bench.succeed("btrfs-delta", digest + trusting)
        == bench.delta("digest", bench.tree(3), "--json"))
    let changes = try bench.succeed("btrfs-delta", ["diff", bench.tree(1), chain] + trusting)
    #expect(try changes == bench.delta("diff", bench.tree(1), bench.tree(3)))
  }

  @Test("What cannot be trusted or does not fit has its exit status, and leaves nothing")
  func refusals() throws {
    try bench.refuse("btrfs-delta", squash("x"), .usage)
    try bench.refuse("btrfs-delta", squash("x", ["--unverified"] + trusting), .usage)
    try bench.succeed("btrfs-delta", squash("y", ["--unverified"]))
    try bench.refuse(
      "btrfs-delta",
      [
        "squash", bench.file("2-3"), bench.file("1-2"), "--parent", bench.tree(1), "--unverified",
        "--key", bench.path("private.pem"), "--output", bench.file("x"),
      ], .parentMissing, "put the updates in their order")
    try bench.refuse(
      "btrfs-delta",
      [
        "squash", bench.file("2-3"), "--parent", bench.tree(1), "--unverified", "--key",
        bench.path("private.pem"), "--output", bench.file("x"),
      ], .parentModified)
    try bench.delta(
      "keygen", "--private", bench.path("other.pem"), "--public", bench.path("other.pub.pem"))
    try bench.refuse(
      "btrfs-delta", squash("x", ["--public-key", bench.path("other.pub.pem")]), .untrusted)
    let files = try FileManager.default.contentsOfDirectory(atPath: bench.path("files")).sorted()
    #expect(files == ["1-2", "2-3", "y"])
  }

  @Test("Keys that updates bring and revoke are brought and revoked by what is made of them")
  func keys() throws {
    for name in ["a", "b", "c"] {
      try bench.delta(
        "keygen", "--private", bench.path("\(name).pem"), "--public", bench.path("\(name).pub.pem"))
    }
    func add(_ name: String) -> [String] { ["--add-key", bench.path("\(name).pub.pem")] }
    func revoke(_ name: String) -> [String] { ["--revoke-key", bench.path("\(name).pub.pem")] }
    try bench.build(1, 2, "1-2", add("a") + add("b"))
    try bench.build(2, 3, "2-3", add("b") + revoke("a") + revoke("c"))
    try bench.succeed("btrfs-delta", squash("1-3") + trusting)
    try bench.build(1, 3, "direct", add("b") + revoke("a") + revoke("c"))
    func keys(_ name: String) throws -> [String] {
      try bench.delta("inspect", bench.file(name)).split(separator: "\n").map(String.init)
        .filter { $0.contains("brings") || $0.contains("revokes") }
    }
    let found = try keys("1-3")
    #expect(try found == keys("direct"))
    #expect(found.count >= 2, "\(found)")
  }
}
