import BinaryDiff
import BinaryPatch
import Bytes

/// Hostile executables, on both sides of making a patch, and as what one is applied to.
struct ParserTarget: Target {
  static let name = "parser"
  static let nanosecondsPerByte = 2_500.0

  private let files: [[UInt8]]
  /// Patches of kind 2, and which files they are of.
  private var patches: [(old: [UInt8], patch: [UInt8])] = []

  init(_ corpus: Corpus) throws {
    files = corpus.small
    var random = SeededGenerator(seed: 2)
    for old in files {
      for _ in 0..<4 {
        guard let new = ElfFile(old)?.relinked(using: &random) else { continue }
        let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: true)
        if patch.first == 2 { patches.append((old, patch)) }
      }
    }
    guard !patches.isEmpty else { throw Finding("no patch of kind 2 to begin with") }
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    if Bool.random(using: &random) { return try applied(&random, &meter) }
    let file = files.randomElement(using: &random) ?? []
    let hostile = HostileElf.mutated(file, using: &random)
    let other =
      Bool.random(using: &random)
      ? HostileElf.mutated(file, using: &random)
      : ElfFile(file)?.relinked(using: &random) ?? file
    let (old, new) = Bool.random(using: &random) ? (hostile, other) : (other, hostile)
    let mayShare = Bool.random(using: &random)
    return try check(old, new, mayShare, &meter)
  }

  private func check(
    _ old: [UInt8], _ new: [UInt8], _ mayShare: Bool, _ meter: inout Meter
  ) throws -> Bool {
    try meter.measure(bytes: old.count + new.count) {
      var taught = ProjectionKnowledge()
      let patch = try SourceIndex(sources: [old]).prepare(
        to: new.rawSpan, isWholeFile: true, mayShare: mayShare
      ).finish(&taught)
      var known = ProjectionKnowledge()
      try requireIdentity(apply(patch, to: old, &known), new)
      guard known == taught else { throw Finding("both sides learned different things") }
      return patch.first == 2
    }
  }

  /// What was a right patch of a file, to that file damaged.
  private func applied(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    guard let (old, patch) = patches.randomElement(using: &random) else { return false }
    let hostile = HostileElf.mutated(old, using: &random)
    return try meter.measure(bytes: hostile.count * 2 + patch.count) {
      var knowledge = ProjectionKnowledge()
      return try refusable { try apply(patch, to: hostile, &knowledge) } != nil
    }
  }
}

extension ParserTarget: GuidedTarget {
  /// Small executables; each is the old side of the one that it began as.
  var seeds: [[UInt8]] {
    files.indices.prefix(128).map { [UInt8($0)] + files[$0] }.filter { $0.count < 1 << 14 }
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    guard let number = input.first else { return }
    let file = files[Int(number & 0x7f) % files.count]
    let hostile = Array(input.dropFirst())
    let (old, new) = number < 0x80 ? (hostile, file) : (file, hostile)
    _ = try check(old, new, true, &meter)
  }
}

/// Says where what was made is not what it should be.
func requireIdentity(_ made: [UInt8], _ new: [UInt8]) throws {
  if let at = firstDifference(made, new) {
    throw Finding("a round trip of \(new.count) bytes differs at byte \(at)")
  }
}
