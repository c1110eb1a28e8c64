import Testing

@testable import UpdateBuilder

@Suite("Dividing the device's memory")
struct MemoryBudgetTests {
  private static let mebibyte: UInt64 = 1 << 20

  @Test("Too little memory is refused, with what is needed; that is then enough")
  func tooSmall() throws {
    for total in [0, 1, 1 << 20, 24 << 20] as [UInt64] {
      let error = #expect(throws: BuildError.self) { _ = try MemoryBudget(total: total) }
      guard case .memoryTooSmall(given: total, let needed) = error else {
        Issue.record("\(total): \(String(describing: error))")
        continue
      }
      #expect(needed > total)
      #expect(needed < 32 << 20)
      _ = try MemoryBudget(total: needed)
      #expect(throws: BuildError.self) { _ = try MemoryBudget(total: needed - 1) }
    }
  }

  @Test("What a stream within the budget takes is never more than was given")
  func promise() throws {
    var totals = (28...40).map { UInt64($0) * Self.mebibyte }
    let error = #expect(throws: BuildError.self) { _ = try MemoryBudget(total: 0) }
    if case .memoryTooSmall(_, let needed) = error { totals.append(needed) }
    for total in totals + [128 << 20, 1 << 30, .max] {
      let budget = try MemoryBudget(total: total)
      // The longest commands: a patch with its attributes, and the kernel's own.
      for longest in [budget.maximumPatchLength + 9_000, 147_456] {
        for length in [0, 100, 5 << 20, 100 << 20, 1 << 33] as [UInt64] {
          let dictionary = try budget.dictionary(deltaLength: length, longestCommand: longest)
          let needed = try MemoryBudget.memory(
            dictionary: dictionary, longestCommand: longest, pieceSize: 1 << 20)
          #expect(needed <= total)
        }
      }
    }
  }

  @Test("Patches are at most 8 MiB, and at least as long as a chunk")
  func patchLength() throws {
    let small = try MemoryBudget(total: 28 << 20)
    let large = try MemoryBudget(total: 1 << 40)
    #expect(small.maximumPatchLength > 131_072)
    #expect(small.maximumPatchLength < 1 << 20)
    #expect(large.maximumPatchLength == (8 << 20) - MemoryBudget.patchOverhead)
  }

  @Test("The dictionary is a power of two, no larger than the stream makes use of")
  func dictionary() throws {
    let budget = try MemoryBudget(total: 128 << 20)
    for (length, size) in [
      (0, 1), (1 << 20, 1), (1 << 20 + 1, 2), (3 << 20, 4), (4 << 20, 4), (33 << 20, 64),
      // Longer streams have larger pieces.
      (1 << 33, 64), (500 << 30, 32),
    ] as [(UInt64, UInt32)] {
      #expect(try budget.dictionary(deltaLength: length, longestCommand: 1 << 20) == size << 20)
    }
    let tight = try MemoryBudget(total: 36 << 20)
    let size = try tight.dictionary(deltaLength: 1 << 30, longestCommand: 1 << 20)
    #expect(size == 4 << 20)
  }

  @Test("A stream whose pieces do not fit any more is refused")
  func largePieces() throws {
    let budget = try MemoryBudget(total: 28 << 20)
    #expect(throws: BuildError.self) {
      try budget.dictionary(deltaLength: 900 << 30, longestCommand: 192 << 10)
    }
  }
}
