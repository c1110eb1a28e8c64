import BinaryPatch
import Bytes
import TestSupport
import Testing

@testable import BinaryDiff

@Suite("Patches of kernels")
struct KernelPatchTests {
  /// The same kernel with some functions more.
  private func changed(_ kernel: SmallKernel) -> SmallKernel {
    var changed = kernel
    for (place, name) in [(10, "tzz_new_helper"), (300, "Taa_other_helper"), (500, "tmm_third")] {
      changed.functions.insert(.init(name, calling: kernel.functions[place].name), at: place)
    }
    return changed
  }

  @Test("All that moved is predicted, names in other tokens too", arguments: [true, false])
  func small(offsetsAreFirst: Bool) throws {
    let kernel = SmallKernel(offsetsAreFirst: offsetsAreFirst)
    let (old, new) = (kernel.bytes, changed(kernel).bytes)
    let made = try filePatch(old, new)
    let statistics = try PatchStatistics(patch: made.rawSpan)
    #expect(statistics.kind == .projected)
    let plain = try patch([old], new)
    // The tokens are new, and three functions in all tables.
    #expect(made.count < plain.count / 4)
    let back = try apply(made, to: [old])
    #expect(firstDifference(back, new) == nil)
  }

  @Test("The pairs of a kernel's build are found again")
  func pairs() throws {
    let kernel = SmallKernel()
    let bytes = kernel.bytes
    let read = ElfImage(bytes.rawSpan)
    let symbols = try #require(read?.kernelSymbols)
    let pairs = NamePairFinder.find(bytes.rawSpan, symbols)
    let found = try #require(pairs)
    let expected = SmallKernel.SymbolTable.of(kernel.functions.map(\.name)).pairs
    let areSame = found.pairs.elementsEqual(expected) {
      $0.token == $1.token && $0.first == $1.first && $0.second == $1.second
    }
    #expect(areSame)
  }

  @Test("Kernels with anything wrong make patches that give the same bytes")
  func hostile() throws {
    var random = SeededGenerator.ofTest("hostile kernel patches")
    let kernel = SmallKernel()
    let (old, new) = (kernel.bytes, changed(kernel).bytes)
    for _ in 0..<3 {
      var wrong = old
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        wrong[Int.random(in: 0..<wrong.count, using: &random)] = random.bytes(1)[0]
      }
      for (one, other) in [(wrong, new), (new, wrong)] {
        let made = try filePatch(one, other)
        let back = try apply(made, to: [one])
        #expect(firstDifference(back, other) == nil)
      }
    }
  }

  @Test("A patch with any byte wrong ends in an error or in other bytes, in bounds")
  func wrongPatches() throws {
    var random = SeededGenerator.ofTest("wrong kernel patches")
    let kernel = SmallKernel()
    let (old, new) = (kernel.bytes, changed(kernel).bytes)
    let made = try filePatch(old, new)
    for _ in 0..<30 {
      var wrong = made
      let at = Int.random(in: 0..<made.count, using: &random)
      wrong[at] ^= UInt8.random(in: 1...255, using: &random)
      guard let statistics = try? PatchStatistics(patch: wrong.rawSpan),
        statistics.newLength < 1 << 22
      else { continue }
      let back = try? apply(wrong, to: [old])
      if let back { #expect(UInt64(back.count) == statistics.newLength) }
    }
  }

  @Test("For another old file, or one without its names, a patch that recodes names is refused")
  func otherOld() throws {
    let kernel = SmallKernel()
    let (old, new) = (kernel.bytes, changed(kernel).bytes)
    let made = try filePatch(old, new)
    let read = ElfImage(old.rawSpan)
    let names = try #require(read?.kernelSymbols?.names)
    var damaged = old
    damaged[names.lowerBound] ^= 0x40
    #expect(throws: PatchApplyError<Never>.patch(.oldMismatch)) {
      try apply(made, to: [damaged])
    }
  }
}
