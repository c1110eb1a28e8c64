import Foundation
import TestSupport
import Testing

@Suite("From two trees to a device and back, by the programs", .btrfs)
struct EndToEndPathTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  @Test("Everything a tree can hold, over three versions", arguments: [1, 2])
  func wholePath(version: Int) async throws {
    let updates = try buildAll(version)
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      try run("mkdir", "\(mount.path)/stock")
      for (index, update) in updates.enumerated() {
        let number = UInt64(index + 1)
        try expands(update, number, to: "\(mount.path)/stock")
        try install(update, number, on: device)
      }
      try goesBack(on: device)
    }
  }

  @Test("A device that was flashed with the server's snapshot, and what it inherits from that")
  func flashed() throws {
    try bench.release(1, EndToEndTrees.first)
    try bench.release(2, EndToEndTrees.second)
    try bench.build(1, 2, "delta")
    try run("mkdir", bench.path("device"))
    let device = EndToEndDevice(path: bench.path("device"), keys: bench.path("keys"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", bench.tree(1), device.tree(1))
    let apply = device.arguments("apply", bench.file("delta")) + ["--progress", "json"]
    let result = try bench.result("btrfs-update", apply)
    let output = String(decoding: result.output, as: UTF8.self)
    #expect(result.status == 0 && output.hasPrefix("version 2 is installed, "))
    #expect(output.hasSuffix(" were written to the disk\n"))
    let lines = try result.errors.split(separator: "\n").map { try EndToEndBench.object("\($0)") }
    let steps = lines.compactMap { $0["step"] as? String }
    #expect(steps.count == lines.count && steps.first == "checking" && steps.last == "syncing")
    #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    #expect(try EndToEndBench.difference(bench.tree(1), device.tree(2)) != "")
    // Inode flags are no part of a stream: what the parent had is there still.
    let flags = try run("lsattr", "\(device.tree(2))/etc/immutable")
    #expect(String(decoding: flags, as: UTF8.self).hasPrefix("----i"))
  }

  /// The updates to versions 1, 2 and 3.
  private func buildAll(_ version: Int) throws -> [String] {
    var updates: [String] = []
    for (index, script) in EndToEndTrees.scripts.enumerated() {
      let number = UInt64(index + 1)
      try bench.release(number, script)
      let parent = number == 1 ? nil : number - 1
      let name = "v\(number)-\(version)"
      let result = try bench.result(
        "btrfs-delta",
        ["build", "--child", bench.tree(number), "--key", bench.path("private.pem")]
          + (parent.map { ["--parent", bench.tree($0)] } ?? [])
          + [
            "--output", bench.file(name), "--proto", "\(version)", "--compatible", "oven", "--json",
          ])
      #expect(result.status == 0)
      #expect(
        result.errors
          == """
          btrfs-delta: warning: "var/nested" is a subvolume of its own, and not part of the update

          """)
      let report = try EndToEndBench.object(String(decoding: result.output, as: UTF8.self))
      #expect(report["toVersion"] as? Int == Int(number))
      #expect(report["fromVersion"] as? Int == parent.map { Int($0) })
      #expect((report["patches"] as? Int ?? 0) >= (number == 2 ? 3 : 0))
      try run("xz", "-t", "--format=xz", bench.file(name))
      updates.append(bench.file(name))
    }
    return updates
  }

  /// What can be known of an update without a device, and that it expands to what stock tools take.
  private func expands(_ update: String, _ number: UInt64, to stock: String) throws {
    let parent = number == 1 ? [] : ["--parent", bench.tree(number - 1)]
    let key = ["--public-key", bench.path("keys/public.pem")]
    #expect(try bench.delta("inspect", update).contains("not verified"))
    #expect(try bench.succeed("btrfs-delta", ["inspect", update] + key).contains("good, by key"))
    let json = try EndToEndBench.object(
      bench.succeed("btrfs-delta", ["inspect", "--json", update] + key))
    #expect(json["verified"] as? Bool == true)
    #expect(json["product"] as? String == "oven")
    let explanation = try EndToEndBench.object(
      bench.succeed("btrfs-delta", ["explain", "--json", update] + key))
    #expect((explanation["files"] as? [Any])?.isEmpty == false)
    #expect(try bench.delta("explain", update, "--limit", "1").contains("the largest 1 of"))
    let verified = try bench.succeed("btrfs-delta", ["verify", update] + key)
    #expect(verified.contains(number == 1 ? "expands to" : "are whole"))
    let whole = try bench.succeed("btrfs-delta", ["verify", update] + key + parent)
    #expect(whole.contains("expands to the plain stream that was signed"))

    let plain = bench.file("plain\(number)")
    let expand = ["expand", update, "--output", plain]
    try bench.succeed("btrfs-delta", expand + key + parent)
    let stated = try #require(json["plain"] as? [String: Any])
    #expect(try EndToEndBench.sha256(plain) == stated["sha256"] as? String)
    try run("btrfs", "-q", "receive", "-f", plain, stock)
    let received = "\(stock)/sys_root_v\(number)"
    #expect(try EndToEndBench.difference(bench.tree(number), received) == "")
    try dumps(update, plain)
  }

  private func dumps(_ update: String, _ plain: String) throws {
    let style = try EndToEndPathTests.installedStyle()
    let dump = try bench.delta("dump", plain, "--style", style)
    let stock = try run("btrfs", "receive", "--dump", "-f", plain)
    #expect(firstDifferentLine(Array(dump.utf8), stock) == nil)
    try run("xz", "-k0", plain)
    #expect(try bench.delta("dump", "\(plain).xz", "--style", style) == dump)
    #expect(try bench.succeed("btrfs-delta", ["dump", "--style", style], input: plain) == dump)
    let delta = try bench.delta("dump", update)
    #expect(delta.hasPrefix("manifest len=") && delta.contains("\nsignature len="))
    for line in try bench.delta("dump", update, "--json").split(separator: "\n") {
      _ = try EndToEndBench.object(String(line))
    }
    let count = try bench.delta("dump", plain, "--count")
    #expect(count.contains("\nsubvolumes       1\n"))
  }

  /// As the stock tool prints lines.
  static func installedStyle() throws -> String {
    let text = String(decoding: try run("btrfs", "--version"), as: UTF8.self)
    let numbers = try #require(text.split(separator: "v").last).split(separator: ".").prefix(2)
      .compactMap { Int($0.prefix { $0.isNumber }) }
    return numbers.lexicographicallyPrecedes([6, 10]) ? "6.2" : "6.10"
  }

  private func install(_ update: String, _ number: UInt64, on device: EndToEndDevice) throws {
    let check = try bench.succeed("btrfs-update", device.arguments("check", update))
    #expect(check == "\(update): version \(number) fits\n")
    if number == 2 {
      let command = device.arguments("apply", "-").map { "'\($0)'" }.joined(separator: " ")
      let program = try BuiltProgram.path("btrfs-update")
      try run("sh", "-c", "cat '\(update)' | '\(program)' \(command)")
    } else {
      try bench.succeed("btrfs-update", device.arguments("apply", update))
    }
    #expect(try EndToEndBench.difference(bench.tree(number), device.tree(number)) == "")
    try bench.update("verify", "\(number)", "--root", device.path)
    try bench.update("activate", "--root", device.path)
    try bench.update("mark", "good", "\(number)", "--root", device.path)
    let current = "\(device.path)/sys_root_current"
    #expect(try EndToEndBench.difference(bench.tree(number), current) == "")
    try bench.refuse(
      "btrfs-update", device.arguments("apply", update), .alreadyInstalled, "already installed")
    try bench.refuse(
      "btrfs-update", device.arguments("check", update), .alreadyInstalled, "already installed")
  }

  private func goesBack(on device: EndToEndDevice) throws {
    let root = ["--root", device.path]
    func versions() throws -> [Int?] {
      let status = try EndToEndBench.object(
        bench.succeed("btrfs-update", ["status", "--json"] + root))
      return ["current", "last"].map { ((status[$0] as? [String: Any])?["version"]) as? Int }
    }
    #expect(try versions() == [3, 2])
    try bench.succeed("btrfs-update", ["rollback"] + root)
    #expect(try versions() == [2, 3])
    let current = "\(device.path)/sys_root_current"
    #expect(try EndToEndBench.difference(bench.tree(2), current) == "")
    try bench.succeed("btrfs-update", ["activate", "1"] + root)
    #expect(try versions() == [1, 2])
    #expect(try bench.succeed("btrfs-update", ["list"] + root) == "1\n2\n3\n")
    #expect(try bench.succeed("btrfs-update", ["recover"] + root) == "")
    #expect(
      try bench.succeed("btrfs-update", ["status"] + root).hasPrefix(
        "current:  version 1\nlast:     version 2\nfloor:    3\n"))
    try bench.refuse(
      "btrfs-update", ["activate", "9"] + root, .noSuchVersion, "9 is not installed")
    try bench.refuse("btrfs-update", ["verify", "9"] + root, .noSuchVersion, "9 is not installed")
  }
}
