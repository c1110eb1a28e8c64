import BinaryDiff
import BinaryPatch
import Bytes

/// Whole files and made-up next releases of them, there and back.
struct MutationsTarget: Target {
  static let name = "mutations"
  static let nanosecondsPerByte = 2_500.0
  /// One of so many is a large file.
  private static let largeEvery = 200

  private let small: [[UInt8]]
  private let large: [[UInt8]]

  init(_ corpus: Corpus) throws { (small, large) = (corpus.small, corpus.large) }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    let isLarge = Int.random(in: 0..<Self.largeEvery, using: &random) == 0 && !large.isEmpty
    let old = (isLarge ? large : small).randomElement(using: &random) ?? []
    let new = FileMutator.mutated(old, using: &random).bytes
    return try meter.measure(bytes: old.count + new.count) {
      let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: true)
      var knowledge = ProjectionKnowledge()
      try requireIdentity(apply(patch, to: old, &knowledge), new)
      return patch.first == 2
    }
  }
}
