/// A random generator that a failing property test can be repeated with.
///
/// The seed is printed as a line to paste back.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator from a seed.
  public init(seed: UInt64) { state = seed }

  /// A generator from a fresh seed, which it prints, or from `SEED` in the environment's place.
  public static func fresh(_ name: String, seed: UInt64? = nil) -> SeededGenerator {
    let seed = seed ?? UInt64.random(in: 0...UInt64.max)
    print("\(name): SeededGenerator(seed: 0x\(String(seed, radix: 16)))")
    return SeededGenerator(seed: seed)
  }

  /// The next number (SplitMix64).
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Random bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    while out.count < count { out.append(UInt8(truncatingIfNeeded: next())) }
    return out
  }
}
