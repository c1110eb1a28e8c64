import Foundation
import TestSupport
import Testing

@Suite("Modules of a kernel, whose patches teach each other, by the programs", .btrfs)
struct EndToEndKnowledgeTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  /// Writes the modules of a release where a script finds them.
  private func modules(_ release: SampleModules.Release, _ name: String) throws -> String {
    let directory = bench.path(name)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    for index in 0..<12 {
      let url = URL(fileURLWithPath: "\(directory)/module\(index).ko")
      try Data(SampleModules.module(index, of: release)).write(to: url)
    }
    return directory
  }

  @Test("The update is the same whatever -j is, is smaller than without, and gives the new tree")
  func modules() async throws {
    let old = try modules(SampleModules.old, "old-modules")
    let new = try modules(SampleModules.new, "new-modules")
    try bench.release(1, "mkdir modules; cp \(old)/* modules; cp /bin/cat cat")
    try bench.release(
      2, "cp \(new)/* modules; printf x | dd of=cat bs=1 seek=9999 conv=notrunc")
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "one", ["-j", "1"])
    try bench.build(1, 2, "three", ["-j", "3"])
    let one = try EndToEndBench.bytes(bench.file("one"))
    #expect(try firstDifference(one, EndToEndBench.bytes(bench.file("three"))) == nil)
    // So little memory that nothing is kept from one patch to the next.
    try bench.build(1, 2, "alone", ["--max-apply-memory", "34M"])
    let alone = try EndToEndBench.bytes(bench.file("alone"))
    #expect(one.count + 1000 < alone.count, "\(one.count), \(alone.count) alone")
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for file in ["full", "three"] {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(file)))
      }
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
  }
}
