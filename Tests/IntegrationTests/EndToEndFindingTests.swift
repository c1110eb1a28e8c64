import Foundation
import TestSupport
import Testing

@Suite("Finding the old file, by the programs", .btrfs)
struct EndToEndFindingTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  @Test("Files that moved and changed, and files that are longer than what is compared whole")
  func finding() async throws {
    try bench.release(
      1,
      """
      head -c 200000 /dev/urandom >before; head -c 2500000 /dev/urandom >large
      for i in $(seq 5); do head -c 20000 /dev/urandom >noise$i; done; mkdir dir
      """)
    try bench.release(
      2,
      """
      { head -c 70000 before; echo more; tail -c +70001 before; } >dir/after; rm before
      { tail -c 1000000 large; echo some; head -c 1500000 large; } >new; mv new large
      """)
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta", ["--max-patch-input", "1M", "-j", "1"])
    try bench.build(1, 2, "again", ["--max-patch-input", "1M", "-j", "3"])
    #expect(
      try EndToEndBench.sha256(bench.file("delta")) == EndToEndBench.sha256(bench.file("again")))
    // The block that has both ends of the old file can have but one of them.
    #expect(try EndToEndBench.bytes(bench.file("delta")).count < 160_000)
    let dump = try bench.delta("dump", bench.file("delta"))
    let patches = dump.split(separator: "\n").filter { $0.hasPrefix("patch ") }
    #expect(
      patches.contains { $0.contains("from=./before") || $0.contains("from=before") }, "\(dump)")
    #expect(patches.count > 5)
    for lengths in patches.map({ $0.split(separator: " from_len=") }) {
      #expect(Int(lengths.last?.prefix { $0.isNumber } ?? "") ?? .max <= 1 << 20)
    }
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for file in ["full", "delta"] {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(file)))
      }
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
    for size in ["1023K", "1025M", "x"] {
      try bench.refuse(
        "btrfs-delta",
        ["build", "--child", bench.tree(1), "--key", bench.path("private.pem")]
          + ["--output", bench.file("x"), "--max-patch-input", size], .usage)
    }
  }
}
