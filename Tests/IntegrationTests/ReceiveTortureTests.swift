import Foundation
import Linux
import TestSupport
import Testing

/// `tools/torture` sets these.
private enum TortureSettings {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment["TORTURE_" + name].flatMap { UInt64($0) }
  }

  static let minutes = number("MINUTES")
  static let seeds = number("SEEDS")
  static let first = number("FIRST")
  static let program = ProcessInfo.processInfo.environment["TORTURE_PROGRAM"]
}

@Suite("Receiving what nobody would think of", .btrfs(megabytes: 2048, options: ["noatime"]))
struct ReceiveTortureTests {
  @Test("Random trees and increments are received as they were sent")
  func random() async throws {
    let program = try TortureSettings.program ?? BuiltProgram.path("btrfs-delta")
    let first = TortureSettings.first ?? UInt64.random(in: 0..<1 << 32)
    let end = TortureSettings.minutes.map { ContinuousClock.now + .seconds(60 * Int($0)) }
    let count = TortureSettings.seeds ?? (end == nil ? 6 : .max)
    let start = ContinuousClock.now
    var (done, trees, rightByStock): (UInt64, Int, Int) = (0, 0, 0)
    // Here, where a test that runs for hours says how far it is.
    defer {
      print(
        "torture: seeds \(first)..<\(first + done): \(trees) trees in "
          + "\((ContinuousClock.now - start).components.seconds) s; \(rightByStock) right by stock")
    }
    while done < count, end.map({ ContinuousClock.now < $0 }) ?? true {
      let torture = ReceiveTorture(
        mount: BtrfsFixture.current, program: program, seed: first + done)
      let outcome = try torture.run()
      #expect(
        outcome.differences.prefix(4) == [],
        "TORTURE_FIRST=\(torture.seed) TORTURE_SEEDS=1, \(torture.form)")
      done += 1
      if done % 50 == 0 { print("torture: \(done) seeds") }
      trees += outcome.trees
      rightByStock += outcome.rightByStock
    }
    #expect(done > 0)
    #expect(rightByStock > 0)
  }
}
