import Foundation
import Linux
import TestSupport
import Testing

@Suite("Going on with an interrupted apply, by the programs", .btrfs)
struct EndToEndResumeTests {
  let bench: EndToEndBench
  let device: EndToEndDevice

  init() throws {
    bench = try EndToEndBench()
    try run("mkdir", bench.path("device"))
    device = EndToEndDevice(path: bench.path("device"), keys: bench.path("keys"))
    try bench.release(
      1, "mkdir a; head -c 900000 /dev/urandom >a/one; head -c 500000 /dev/zero >a/two")
    try bench.release(
      2,
      """
      for n in 1 2 3 4 5 6; do head -c 400000 /dev/urandom >a/new$n; done
      head -c 100 /dev/urandom | dd of=a/one bs=1 seek=300000 conv=notrunc; mv a/two a/three
      """)
    try bench.build(nil, 1, "full")
    try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
  }

  @Test("An update that is cut often is the same for any number of jobs, and checks itself")
  func reproducible() throws {
    try bench.build(1, 2, "one", ["--cut-size", "128K", "-j", "1"])
    try bench.build(1, 2, "two", ["--cut-size", "128K", "-j", "2"])
    let files = try ["one", "two"].map { try EndToEndBench.bytes(bench.file($0)) }
    #expect(firstDifference(files[0], files[1]) == nil)
    let report = try EndToEndBench.object(bench.delta("inspect", bench.file("one"), "--json"))
    let payload = try #require(report["payload"] as? [String: Any])
    #expect(try #require(payload["sections"] as? Int) > 10)
    try bench.succeed("btrfs-update", device.arguments("apply", bench.file("one")))
    #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
  }

  @Test("A killed apply goes on; status says so before, and the command after it")
  func killed() throws {
    try bench.build(1, 2, "delta", ["--cut-size", "128K"])
    let apply = device.arguments("apply", bench.file("delta")) + ["--checkpoint-size", "0"]
    var half: [String: Any]?
    for call in stride(from: 40, through: 400, by: 20) {
      let result = try bench.result(
        "btrfs-update", apply, environment: ["FAULT_INJECTION": "kill:\(call)"])
      try #require(result.status != 0)
      let status = try bench.update("status", "--root", device.path, "--json")
      half = try EndToEndBench.object(status)["halfInstalled"] as? [String: Any]
      if half != nil { break }
    }
    let done = try #require(half?["sectionsDone"] as? Int)
    #expect(half?["version"] as? Int == 2)
    let text = try bench.update("status", "--root", device.path)
    #expect(text.contains("partial:  version 2 is half installed (\(done) of "))
    #expect(text.contains(" sections); apply the same file to go on"))
    try bench.update("recover", "--root", device.path)
    let result = try bench.result("btrfs-update", apply)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("went on behind section \(done), where it was interrupted\n"))
    #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    #expect(try !bench.update("status", "--root", device.path).contains("partial"))
  }

  @Test("With --no-resume it begins afresh")
  func afresh() throws {
    try bench.build(1, 2, "delta", ["--cut-size", "128K"])
    let apply = device.arguments("apply", bench.file("delta")) + ["--checkpoint-size", "0"]
    for call in [60, 120] {
      _ = try bench.result(
        "btrfs-update", apply, environment: ["FAULT_INJECTION": "kill:\(call)"])
    }
    let result = try bench.result("btrfs-update", apply + ["--no-resume", "--json"])
    let report = try EndToEndBench.object(String(decoding: result.output, as: UTF8.self))
    #expect(report["skippedSections"] as? Int == 0)
    #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
  }
}
