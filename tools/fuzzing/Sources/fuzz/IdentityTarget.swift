import BinaryDiff
import BinaryPatch
import Bytes

/// Making and applying is the identity: parts of real files, several sources, any expected place.
struct IdentityTarget: Target {
  static let name = "identity"
  static let nanosecondsPerByte = 2_500.0

  private let files: [[UInt8]]

  init(_ corpus: Corpus) throws { files = corpus.small + corpus.large }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    let sources = (0..<Int.random(in: 1...3, using: &random)).map { _ in part(&random) }
    var new: [UInt8] = []
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      new +=
        FileMutator.mutated(
          sources.randomElement(using: &random) ?? [], using: &random
        ).bytes
    }
    if UInt8.random(in: 0..<4, using: &random) == 0 { new += part(&random) }
    let position = Int.random(in: -10...200_000, using: &random)
    let isWholeFile = Bool.random(using: &random)
    return try meter.measure(bytes: sources.reduce(new.count) { $0 + $1.count }) {
      let patch = try SourceIndex(sources: sources).patch(
        to: new.rawSpan, expectedAt: position, isWholeFile: isWholeFile)
      guard patch.count <= new.count + 32 else {
        throw Finding("\(patch.count) bytes of patch for \(new.count)")
      }
      var knowledge = ProjectionKnowledge()
      try requireIdentity(apply(patch, to: Array(sources.joined()), &knowledge), new)
      return true
    }
  }

  private func part(_ random: inout SeededGenerator) -> [UInt8] {
    let file = files.randomElement(using: &random) ?? []
    let start = Int.random(in: 0...file.count, using: &random)
    let count = min(file.count - start, Int.random(in: 0...30_000, using: &random))
    return Array(file[start..<start + count])
  }
}
