import TestSupport
import Testing

@Suite("Planning what nobody would think of", .btrfs(megabytes: 2048, options: ["noatime"]))
struct PlanTortureTests {
  @Test("What is planned between random trees gives these trees")
  func random() async throws {
    var run = try TortureRun()
    let program = run.program
    try await run.forEachSeed { seed in
      let torture = PlanTorture(mount: BtrfsFixture.current, program: program, seed: seed)
      let differences = try await torture.run()
      #expect(differences.prefix(6) == [], "TORTURE_FIRST=\(seed) TORTURE_SEEDS=1")
      // The trees are left as they are.
      return differences.isEmpty
    }
  }
}
