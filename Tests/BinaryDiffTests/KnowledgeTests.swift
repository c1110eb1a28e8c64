import BinaryDiff
import BinaryPatch
import Bytes
import TestSupport
import Testing

@Suite("Patches that teach each other")
struct KnowledgeTests {
  private static let count = 12
  private static let old = (0..<count).map { SampleModules.module($0, of: SampleModules.old) }
  private static let new = (0..<count).map { SampleModules.module($0, of: SampleModules.new) }

  private func prepared(_ index: Int, mayShare: Bool = true) throws -> PreparedPatch {
    let new = Self.new[index]
    return try SourceIndex(sources: [Self.old[index]]).prepare(
      to: new.rawSpan, isWholeFile: true, mayShare: mayShare)
  }

  /// All patches, in order.
  private func patches() throws -> [[UInt8]] {
    var knowledge = ProjectionKnowledge()
    return try (0..<Self.count).map { try prepared($0).finish(&knowledge) }
  }

  private func apply(
    _ patch: [UInt8], to old: [UInt8], _ knowledge: inout ProjectionKnowledge, step: Int = 1 << 14
  ) throws -> [UInt8] {
    var applier = try PatchApplier(patch: patch, old: MemoryBytes(old), knowledge: knowledge)
    var made: [UInt8] = []
    while !applier.isFinished {
      try made.append(upTo: step) { output in try applier.read(into: &output) }
    }
    try applier.finish()
    knowledge = applier.takeKnowledge()
    return made
  }

  @Test(
    "Applied in their order they give the new files, also when what is known was written and read")
  func order() throws {
    var knowledge = ProjectionKnowledge()
    var taught = ProjectionKnowledge()
    for index in 0..<Self.count {
      let patch = try prepared(index).finish(&taught)
      let made = try apply(patch, to: Self.old[index], &knowledge, step: 1 + index * 50)
      #expect(firstDifference(made, Self.new[index]) == nil)
      #expect(knowledge == taught)
      let bytes = knowledge.encoded
      let read = ProjectionKnowledge(parsing: bytes.rawSpan)
      knowledge = try #require(read)
    }
    #expect(taught != ProjectionKnowledge())
  }

  @Test("What was taught makes later patches smaller than they are alone")
  func size() throws {
    let shared = try patches()
    let alone = try (0..<Self.count).map { index in
      var knowledge = ProjectionKnowledge()
      return try prepared(index, mayShare: false).finish(&knowledge)
    }
    let behind = shared.dropFirst(6).reduce(0) { $0 + $1.count }
    #expect(behind * 2 < alone.dropFirst(6).reduce(0) { $0 + $1.count })
    for index in 0..<Self.count { #expect(try prepared(index).sharesKnowledge) }
  }

  @Test("What is prepared does not depend on the order; what is finished does not on when it was")
  func preparation() throws {
    let backwards = try (0..<Self.count).reversed().map { try prepared($0) }.reversed()
    var knowledge = ProjectionKnowledge()
    #expect(backwards.map { $0.finish(&knowledge) } == (try patches()))
  }

  @Test("No patch is longer than was said before")
  func length() throws {
    var knowledge = ProjectionKnowledge()
    for index in 0..<Self.count {
      let prepared = try prepared(index)
      let patch = prepared.finish(&knowledge)
      #expect(patch.count <= prepared.maximumLength)
      let statistics = try PatchStatistics(patch: patch.rawSpan)
      #expect(statistics.sharesKnowledge)
    }
  }

  @Test("A patch that shares nothing neither needs nor changes what is known")
  func alone() throws {
    var knowledge = ProjectionKnowledge()
    let first = try prepared(0).finish(&knowledge)
    let before = knowledge
    let single = try prepared(1, mayShare: false).finish(&knowledge)
    #expect(knowledge == before)
    let statistics = try PatchStatistics(patch: single.rawSpan)
    #expect(!statistics.sharesKnowledge)
    var known = ProjectionKnowledge()
    _ = try apply(first, to: Self.old[0], &known)
    let made = try apply(single, to: Self.old[1], &known)
    #expect(firstDifference(made, Self.new[1]) == nil)
    #expect(known == before)
    var nothing = ProjectionKnowledge()
    let again = try apply(single, to: Self.old[1], &nothing)
    #expect(firstDifference(again, Self.new[1]) == nil)
    #expect(nothing == ProjectionKnowledge())
  }

  @Test("Out of their order patches give other bytes, or an error, and no trap")
  func disorder() throws {
    let patches = try patches()
    for index in 1..<Self.count {
      var knowledge = ProjectionKnowledge()
      let made = try? apply(patches[index], to: Self.old[index], &knowledge)
      #expect(made?.count ?? 0 == made.map { _ in Self.new[index].count } ?? 0)
      if index == 1 { #expect(made.map { firstDifference($0, Self.new[index]) } != .some(nil)) }
    }
    var random = SeededGenerator.ofTest("hostile knowledge")
    for _ in 0..<30 {
      var knowledge = ProjectionKnowledge()
      for _ in 0..<20 {
        let (old, new) = (
          UInt32.random(in: 0 ... .max, using: &random),
          UInt32.random(in: 0 ... .max, using: &random)
        )
        knowledge.types.learn(old >> 8, new)
        knowledge.strings.learn(old, new)
      }
      knowledge.oldBases = .init(types: .random(in: 0 ... .max, using: &random), strings: 3)
      let index = Int.random(in: 0..<Self.count, using: &random)
      let made = try? apply(patches[index], to: Self.old[index], &knowledge)
      #expect(made == nil || made?.count == Self.new[index].count)
    }
  }
}
