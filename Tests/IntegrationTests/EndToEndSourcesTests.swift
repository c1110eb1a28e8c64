import Foundation
import TestSupport
import Testing

@Suite("Files made of several others, and of new ones, by the programs", .btrfs)
struct EndToEndSourcesTests {
  let bench: EndToEndBench

  init() throws {
    bench = try EndToEndBench()
    try bench.release(
      1,
      """
      for n in one two whole; do head -c 163840 /dev/urandom >$n; done
      mkdir dir; echo x >dir/x
      """)
    // Through pipes, since cat and tail share blocks where they can; a family of new files, which
    // get their last names behind their contents.
    try bench.release(
      2,
      """
      cat one two | cat >merged; rm one
      head -c 70001 whole | cat >part1; tail -c +70002 whole | cat >part2; rm whole
      cp --reflink=always two partly; cat merged | tail -c 140000 >>partly
      head -c 300000 /dev/urandom >dir/new1
      for n in 2 3 4; do
        { head -c ${n}0000 dir/new1; echo $n; tail -c +${n}0001 dir/new1; } >dir/new$n
      done
      { tail -c 150000 dir/new2; head -c 100000 two; } >both
      mv dir moved; ln moved/new3 link
      """)
  }

  @Test("They take little; device and stock tools make the same trees; jobs make no difference")
  func sources() async throws {
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta", ["-j", "1"])
    try bench.build(1, 2, "again", ["-j", "3"])
    let file = try EndToEndBench.bytes(bench.file("delta"))
    #expect(try firstDifference(EndToEndBench.bytes(bench.file("again")), file) == nil)
    #expect(file.count < 315_000, "\(file.count)")
    let patches = try bench.delta("dump", bench.file("delta")).split(separator: "\n")
      .filter { $0.hasPrefix("patch ") }
    for names in [["/merged ", "=one ", "=two "], ["/both ", "from_new=", "=two "]] {
      #expect(
        patches.contains { line in names.allSatisfy { line.contains($0) } }, "\(patches)")
    }
    #expect(patches.filter { $0.contains("from_new=") }.count >= 4, "\(patches)")
    let report = try EndToEndBench.object(bench.delta("inspect", bench.file("delta"), "--json"))
    #expect((report["requiredFeatures"] as? [Int])?.contains(2) == true)
    try await bench.checkTrees(of: "full", "delta")
  }

  @Test("An apply that is killed wherever goes on, with the files that are there by then")
  func resuming() async throws {
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta", ["--cut-size", "128K", "--min-shared", "0"])
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
      let apply = device.arguments("apply", bench.file("delta")) + ["--checkpoint-size", "0"]
      var kills = 0
      for call in stride(from: 15, through: 2000, by: 10) {
        let result = try bench.result(
          "btrfs-update", apply, environment: ["FAULT_INJECTION": "kill:\(call)"])
        if result.status == 0 { break }
        kills += 1
      }
      #expect(kills > 2)
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
  }
}
