import TestSupport
import Testing

@Suite("Receiving what nobody would think of", .btrfs(megabytes: 2048, options: ["noatime"]))
struct ReceiveTortureTests {
  @Test("Random trees and increments are received as they were sent")
  func random() async throws {
    var run = try TortureRun()
    let program = run.program
    var (trees, rightByStock) = (0, 0)
    try await run.forEachSeed { seed in
      let torture = ReceiveTorture(mount: BtrfsFixture.current, program: program, seed: seed)
      let outcome = try torture.run()
      #expect(
        outcome.differences.prefix(4) == [],
        "TORTURE_FIRST=\(seed) TORTURE_SEEDS=1, \(torture.form)")
      trees += outcome.trees
      rightByStock += outcome.rightByStock
      return true
    }
    print("torture: \(trees) trees, \(rightByStock) right by stock")
    #expect(rightByStock > 0)
  }
}
