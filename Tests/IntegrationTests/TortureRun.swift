import Btrfs
import Foundation
import Linux
import TestSupport
import Testing

/// Seed after seed, as `tools/torture` says: for some minutes, or so many.
struct TortureRun {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment["TORTURE_" + name].flatMap { UInt64($0) }
  }

  let program: String
  private let first = Self.number("FIRST") ?? SeededGenerator.seed(of: "torture") >> 32
  private(set) var done: UInt64 = 0

  init() throws {
    program =
      try ProcessInfo.processInfo.environment["TORTURE_PROGRAM"] ?? BuiltProgram.path("btrfs-delta")
  }

  /// Runs `body` with each seed, until it says no. A test that runs for hours says here how far it is.
  mutating func forEachSeed(_ body: (UInt64) async throws -> Bool) async throws {
    let end = Self.number("MINUTES").map { ContinuousClock.now + .seconds(60 * Int($0)) }
    let count = Self.number("SEEDS") ?? (end == nil ? 6 : .max)
    let start = ContinuousClock.now
    defer {
      let seconds = (ContinuousClock.now - start).components.seconds
      print("torture: seeds \(first)..<\(first + done) in \(seconds) s")
    }
    while done < count, end.map({ ContinuousClock.now < $0 }) ?? true {
      guard try await body(first + done) else { break }
      done += 1
      if done % 50 == 0 { print("torture: \(done) seeds") }
    }
    #expect(done > 0)
  }

  /// Deletes what was sent and received, so that the next seed finds nothing.
  static func cleanUp(
    _ top: borrowing Descriptor, directories: [String] = ["stock", "ours"], files: [String]
  ) throws {
    for name in directories {
      let directory = try top.open(beneath: name, .directory)
      for subvolume in try Subvolume.list(in: directory) {
        try Subvolume.delete(subvolume.name, in: directory)
      }
      // Nothing else may be left there.
      try top.removeDirectory(name)
    }
    for subvolume in try Subvolume.list(in: top) { try Subvolume.delete(subvolume.name, in: top) }
    for name in files { try top.unlink(name) }
  }
}
