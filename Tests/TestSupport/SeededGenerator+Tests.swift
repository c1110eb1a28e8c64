internal import Foundation

extension SeededGenerator {
  /// A generator for the test of a name, whose seed it prints, as a line to paste back.
  ///
  /// Every run of the suite gives a test the same seed: a change that fails has broken something. What
  /// other seeds find is looked for by `tools/properties`, which sets `TEST_SEED` to a number, or to
  /// `random`.
  ///
  /// - Parameter seed: the seed to repeat, in the environment's place.
  public static func ofTest(_ name: String, seed: UInt64? = nil) -> SeededGenerator {
    let seed = seed ?? Self.seed(of: name)
    print("\(name): SeededGenerator(seed: 0x\(String(seed, radix: 16)))")
    return SeededGenerator(seed: seed)
  }

  /// The seed of a test in this run.
  public static func seed(of name: String) -> UInt64 {
    let chosen = ProcessInfo.processInfo.environment["TEST_SEED"]
    if chosen == "random" { return UInt64.random(in: 0...UInt64.max) }
    var generator = SeededGenerator(seed: chosen.flatMap { UInt64($0) } ?? 0)
    for byte in name.utf8 { generator = SeededGenerator(seed: generator.next() ^ UInt64(byte)) }
    return generator.next()
  }
}
