import Foundation
import TestSupport
import Testing

/// `tools/torture --plan` sets these.
private enum TortureSettings {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment["TORTURE_" + name].flatMap { UInt64($0) }
  }

  static let minutes = number("MINUTES")
  static let seeds = number("SEEDS")
  static let first = number("FIRST")
  static let program = ProcessInfo.processInfo.environment["TORTURE_PROGRAM"]
}

@Suite("Planning what nobody would think of", .btrfs(megabytes: 2048, options: ["noatime"]))
struct PlanTortureTests {
  @Test("What is planned between random trees gives these trees")
  func random() async throws {
    let program = try TortureSettings.program ?? BuiltProgram.path("btrfs-delta")
    let first = TortureSettings.first ?? UInt64.random(in: 0..<1 << 32)
    let end = TortureSettings.minutes.map { ContinuousClock.now + .seconds(60 * Int($0)) }
    let count = TortureSettings.seeds ?? (end == nil ? 6 : .max)
    let start = ContinuousClock.now
    var done: UInt64 = 0
    defer {
      print(
        "torture: plans of seeds \(first)..<\(first + done) in "
          + "\((ContinuousClock.now - start).components.seconds) s")
    }
    while done < count, end.map({ ContinuousClock.now < $0 }) ?? true {
      let torture = PlanTorture(
        mount: BtrfsFixture.current, program: program, seed: first + done)
      let differences = try await torture.run()
      #expect(differences.prefix(6) == [], "TORTURE_FIRST=\(torture.seed) TORTURE_SEEDS=1")
      // The trees are left as they are.
      if !differences.isEmpty { break }
      done += 1
      if done % 50 == 0 { print("torture: \(done) seeds") }
    }
    #expect(done > 0)
  }
}
