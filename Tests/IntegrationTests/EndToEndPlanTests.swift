import Foundation
import Linux
import TestSupport
import Testing

@Suite("Updates between any two trees", .btrfs(megabytes: 1024))
struct EndToEndPlanTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  private static let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  @Test("Trees with everything, planned by what they hold, in both versions", arguments: [1, 2])
  func everything(version: Int) async throws {
    try bench.release(1, EndToEndTrees.first)
    try bench.release(2, EndToEndTrees.second)
    let options = ["--plan", "tree", "--proto", "\(version)"]
    try bench.build(nil, 1, "full", options)
    try bench.build(1, 2, "delta", options)
    try await bench.checkTrees(of: "full", "delta")
  }

  @Test("A system that was made anew becomes its successor on a device, which goes on from there")
  func madeAnew() async throws {
    try bench.release(1, EndToEndTrees.first)
    // Nothing but contents and names is left of what it came from.
    try run("btrfs", "-q", "subvolume", "create", bench.path("again"))
    try run(
      "rsync", "-aHAX", "--exclude=/var/nested", bench.path("work") + "/", bench.path("again"))
    try run("bash", "-euc", "cd \"$0\"\n" + EndToEndTrees.second, bench.path("again"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", bench.path("again"), bench.tree(2))
    try run("bash", "-euc", "cd \"$0\"\n" + EndToEndTrees.third, bench.path("again"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", bench.path("again"), bench.tree(3))
    for (from, to) in [(nil, 1), (1, 2), (2, 3)] as [(UInt64?, UInt64)] {
      try bench.build(from, to, "\(from ?? 0)-\(to)", ["--plan", "auto"])
    }
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for (name, version) in [("0-1", 1), ("1-2", 2), ("2-3", 3)] as [(String, UInt64)] {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(name)))
        #expect(try EndToEndBench.difference(bench.tree(version), device.tree(version)) == "")
      }
    }
    #expect(try planner("0-1") == "kernel")
    #expect(try planner("1-2") == "us")
    // Of related snapshots, the shorter one.
    try bench.build(2, 3, "send", ["--plan", "send"])
    try bench.build(2, 3, "tree", ["--plan", "tree"])
    let lengths = try ["2-3", "send", "tree"].map { try plainLength($0) }
    #expect(lengths[0] == min(lengths[1], lengths[2]))
    // Whoever plans, they have the same names.
    for key in ["uuid", "ctransid"] {
      let values = try ["2-3", "send"].map { name in
        try ["parent", "target"].map { try "\(manifest(name, $0)[key] ?? "")" }
      }
      #expect(values[0] == values[1])
    }
  }

  /// Who planned an update.
  private func planner(_ name: String) throws -> String {
    try manifest(name, "target")["ctransid"] as? Int == 1 ? "us" : "kernel"
  }

  private func plainLength(_ name: String) throws -> Int {
    try #require(manifest(name, "plain")["length"] as? Int)
  }

  private func manifest(_ name: String, _ part: String) throws -> [String: Any] {
    let all = try EndToEndBench.object(bench.delta("inspect", bench.file(name), "--json"))
    return try #require(all[part] as? [String: Any])
  }

  @Test("A user without rights builds from plain directories; root, elsewhere, gets the same bytes")
  func withoutRoot() async throws {
    let first = """
      mkdir -p usr/bin usr/lib etc; cp /bin/ls /bin/cat usr/bin; cp /bin/cp usr/lib/library
      for i in $(seq 30); do echo "file $i" >etc/$i; done; ln -s ../usr etc/link; ln etc/1 etc/one
      mkfifo etc/fifo; truncate -s 1M etc/sparse; setfattr -n user.note -v x etc/2
      find . -exec touch -h -d @1700000000.25 {} +
      """
    let second = """
      mv usr/lib usr/libraries; printf x | dd of=usr/bin/ls bs=1 seek=20000 conv=notrunc status=none
      rm etc/1; echo more >>etc/3; mv etc/4 etc/5; cp usr/bin/cat usr/bin/dog
      find . -exec touch -h -d @1710000000 {} +
      """
    let directory = try TemporaryDirectory()
    let keys = directory.path + "/keys"
    try run("mkdir", keys)
    try run("cp", bench.path("private.pem"), keys)
    for (version, script) in [(1, first), (2, first + "\n" + second)] {
      for place in [directory.path, bench.mount.path] {
        let tree = "\(place)/sys_root_v\(version)"
        try run("mkdir", tree)
        try run("bash", "-euc", "cd \"$0\"; umask 022\n" + script, tree)
        try run("chown", "-hR", "65534:65534", tree)
      }
    }
    try run("chown", "-R", "65534:65534", directory.path)
    let files = directory.path + "/files"
    try run("install", "-d", "-o", "65534", files)
    for (from, to) in [(nil, 1), (1, 2)] as [(UInt64?, UInt64)] {
      var arguments = ["build", "--child", "\(directory.path)/sys_root_v\(to)"]
      arguments += ["--key", keys + "/private.pem", "-o", "\(files)/\(to)", "--compatible", "oven"]
      if let from { arguments += ["--parent", "\(directory.path)/sys_root_v\(from)"] }
      let result = try bench.result("btrfs-delta", arguments, through: Self.nobody)
      #expect(result.status == 0, "\(result.errors)")
      try bench.build(from, to, "\(to)", ["--plan", "tree", "-j", "1"])
      let one = try EndToEndBench.bytes("\(files)/\(to)")
      #expect(try firstDifference(one, EndToEndBench.bytes(bench.file("\(to)"))) == nil)
    }
    try await bench.checkTrees(of: "1", "2")
  }

  @Test("Who plans is said, and what cannot be planned so is refused")
  func refusals() throws {
    try bench.release(1, "echo 1 >a")
    try bench.release(2, "echo 2 >a")
    let arguments = ["build", "--key", bench.path("private.pem"), "-o", bench.file("x")]
    let trees = ["--parent", bench.tree(1), "--child", bench.tree(2)]
    try bench.refuse("btrfs-delta", arguments + trees + ["--plan", "none"], .usage)
    try bench.refuse(
      "btrfs-delta", ["build", "--unsigned", "-o", bench.file("x"), "--plan", "send"] + trees,
      .notRoot, "root", through: Self.nobody)
    try bench.refuse(
      "btrfs-delta",
      arguments + ["--plan", "tree", "--parent", bench.tree(1), "--child", bench.tree(1)]
        + ["--to-version", "2"], .badTree, "as parent and as child")
  }

  @Test("Where the parent has a nested subvolume, a directory can come, and nothing else")
  func nestedSubvolume() throws {
    try run("btrfs", "-q", "subvolume", "create", bench.path("work/n"))
    try bench.release(3, "")
    for version in ["sys_root_v4", "sys_root_v5/n"] {
      try run("mkdir", "-p", bench.path("files/\(version)"))
    }
    try run("touch", bench.path("files/sys_root_v4/n"), bench.path("files/sys_root_v5/n/x"))
    let arguments = [
      "build", "--key", bench.path("private.pem"), "--plan", "tree", "--compatible", "oven",
      "--parent", bench.tree(3), "-o", bench.file("x"), "--child",
    ]
    try bench.refuse(
      "btrfs-delta", arguments + [bench.file("sys_root_v4")], .badTree, "nested subvolume")
    try bench.succeed("btrfs-delta", arguments + [bench.file("sys_root_v5")])
    // A snapshot of the parent itself has an empty directory there; what was received from it has not.
    let device = EndToEndDevice(path: bench.mount.path, keys: bench.path("keys"))
    try bench.succeed("btrfs-update", device.arguments("apply", bench.file("x")))
    #expect(try EndToEndBench.difference(bench.file("sys_root_v5"), device.tree(5)) == "")
    #expect(try run("ls", device.tree(5) + "/n") == Array("x\n".utf8))
  }
}
