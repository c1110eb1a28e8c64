import BinaryDiff
import BinaryPatch
import Bytes

/// Hostile patches.
struct ApplyTarget: Target {
  static let name = "apply"
  static let nanosecondsPerByte = 2_000.0

  private struct Pair {
    let old: [UInt8]
    let patch: [UInt8]
    let knowledge: ProjectionKnowledge
  }

  /// More output than this is not waited for.
  private static let longest = 4 << 20
  /// What the allocator keeps, and what is noted of a patch besides.
  private static let memorySlack: UInt64 = 24 << 20

  private var pairs: [Pair] = []

  init(_ corpus: Corpus) throws {
    var random = SeededGenerator(seed: 1)
    var knowledge = ProjectionKnowledge()
    for index in 0..<6 {
      let old = SampleModules.module(index, of: SampleModules.old)
      let new = SampleModules.module(index, of: SampleModules.new)
      let before = knowledge
      let patch = try SourceIndex(sources: [old])
        .prepare(to: new.rawSpan, isWholeFile: true).finish(&knowledge)
      pairs.append(Pair(old: old, patch: patch, knowledge: before))
    }
    for old in corpus.small {
      for _ in 0..<3 {
        let new = ElfFile(old)?.relinked(using: &random) ?? old
        try add(old, new, isWholeFile: true)
      }
      try add(old, FileMutator.mutated(old, using: &random).bytes, isWholeFile: false)
    }
  }

  private mutating func add(_ old: [UInt8], _ new: [UInt8], isWholeFile: Bool) throws {
    let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: isWholeFile)
    pairs.append(Pair(old: old, patch: patch, knowledge: .init()))
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    guard let pair = pairs.randomElement(using: &random) else { return false }
    let patch = Self.hostile(pair.patch, using: &random)
    var old = pair.old
    switch Int.random(in: 0..<8, using: &random) {
    case 0: old = pairs.randomElement(using: &random)?.old ?? []
    case 1: old = HostileElf.mutated(old, using: &random)
    case 2: old = []
    default: break
    }
    let step = [7, 100, 4096, 1 << 16, 1 << 18].randomElement(using: &random) ?? 1
    return try check(patch, old, pair.knowledge, step, &meter)
  }

  private func check(
    _ patch: [UInt8], _ old: [UInt8], _ known: ProjectionKnowledge, _ step: Int,
    _ meter: inout Meter
  ) throws -> Bool {
    let statistics = try refusable { try PatchStatistics(patch: patch.rawSpan) }
    let announced = min(Int(clamping: statistics?.newLength ?? 0), Self.longest + step)
    let made = try checkingMemory(statistics, announced) {
      try meter.measure(bytes: old.count + patch.count + announced) {
        var knowledge = known
        return try refusable {
          try apply(patch, to: old, &knowledge, step: step, longest: Self.longest).count
        }
      }
    }
    if made != nil, statistics == nil { throw Finding("applied, but PatchStatistics refuses it") }
    return made != nil
  }

  private static func hostile(
    _ patch: [UInt8], using random: inout SeededGenerator
  ) -> [UInt8] {
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      return [UInt8.random(in: 1...2, using: &random)]
        + random.bytes(Int.random(in: 0...200, using: &random))
    case 1, 2: return patch.damaged(using: &random)
    default:
      guard var parts = PatchParts(patch) else { return patch }
      parts.lie(using: &random)
      return parts.bytes
    }
  }

  /// The promise of `PatchStatistics.applyMemory`, with what is kept of the output here on top.
  private func checkingMemory<Result>(
    _ statistics: PatchStatistics?, _ announced: Int, _ body: () throws -> Result
  ) throws -> Result {
    PeakMemory.reset()
    let before = PeakMemory.read().now
    let result = try body()
    let peak = PeakMemory.read().peak
    let allowed =
      (statistics?.applyMemory ?? 0) + UInt64(announced) * 3 + Self.memorySlack
    guard peak <= before + allowed else {
      throw Finding("\(peak - before) bytes of memory, allowed \(allowed)")
    }
    return result
  }
}

extension ApplyTarget: GuidedTarget {
  /// Which pair, and its patch.
  var seeds: [[UInt8]] {
    pairs.indices.prefix(256).map { [UInt8($0)] + pairs[$0].patch }.filter { $0.count < 1 << 14 }
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    guard let number = input.first else { return }
    let pair = pairs[Int(number) % pairs.count]
    _ = try check(Array(input.dropFirst()), pair.old, pair.knowledge, 1 << 16, &meter)
  }
}
