import BinaryPatch
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BinaryDiff

/// The patch from one whole file to another.
func filePatch(_ old: [UInt8], _ new: [UInt8]) throws -> [UInt8] {
  try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: true)
}

@Suite("Patches that predict the fields of executables")
struct ProjectedPatchTests {
  /// What a patch makes, so many bytes at a time.
  private func apply(_ patch: [UInt8], to old: [UInt8], chunk: Int) throws -> [UInt8] {
    var applier = try PatchApplier(patch: patch, old: MemoryBytes(old))
    var new: [UInt8] = []
    while !applier.isFinished {
      try new.append(upTo: chunk) { output in try applier.read(into: &output) }
    }
    try applier.finish()
    return new
  }

  @Test(
    "Functions put before others: libraries, programs, objects, and programs at fixed addresses",
    arguments: [
      ["-shared", "-fPIC"], ["-pie", "-fPIE"], ["-no-pie", "-fno-pie"], ["-c"],
      ["-shared", "-fPIC", "-Wl,-s", "-Wl,--hash-style=both"],
      ["-pie", "-fPIE", "-Wl,-z,pack-relative-relocs"], ["-c", "-ffunction-sections"],
    ])
  func compiled(options: [String]) throws {
    let old = try CompiledProgram.bytes(inserted: 2, options: options)
    let new = try CompiledProgram.bytes(inserted: 7, options: options)
    let plain = try patch([old], new)
    let projected = try filePatch(old, new)
    #expect(projected.count * 3 < plain.count * 2, "\(projected.count) of \(plain.count)")
    for (old, new) in [(old, new), (new, old)] {
      let made = try filePatch(old, new)
      #expect(made.first == PatchKind.projected.rawValue)
      for chunk in [997, 1 << 20] {
        let back = try apply(made, to: old, chunk: chunk)
        #expect(back == new)
      }
    }
  }

  @Test("The same for AArch64", arguments: [["-shared"], ["-c"], ["-static", "-e", "main"]])
  func arm64(options: [String]) throws {
    let compiler = ["clang", "--target=aarch64-linux-gnu", "-nostdlib", "-fuse-ld=lld", "-fPIC"]
    // What nobody links a program of must not call others.
    let options = options + (options == ["-c"] ? [] : ["-Wl,--unresolved-symbols=ignore-all"])
    let old = try CompiledProgram.bytes(inserted: 2, compiler: compiler, options: options)
    let new = try CompiledProgram.bytes(inserted: 7, compiler: compiler, options: options)
    let patch = try filePatch(old, new)
    let plain = try BinaryDiffTests.patch([old], new)
    #expect(patch.first == PatchKind.projected.rawValue)
    #expect(patch.count * 3 < plain.count * 2, "\(patch.count) of \(plain.count)")
    let back = try apply(patch, to: old, chunk: 4096)
    #expect(back == new)
  }

  @Test("Output a byte at a time is the same")
  func bytewise() throws {
    let old = Array(try CompiledProgram.bytes(inserted: 1))
    let new = try CompiledProgram.bytes(inserted: 2)
    let made = try filePatch(old, new)
    let back = try apply(made, to: old, chunk: 1)
    #expect(back == new)
    let again = try apply(made, to: old, chunk: 7)
    #expect(again == new)
  }

  @Test("The same files give the same patch, from any task")
  func deterministic() async throws {
    let old = try CompiledProgram.bytes(inserted: 1)
    let new = try CompiledProgram.bytes(inserted: 4)
    let expected = try filePatch(old, new)
    let index = try SourceIndex(sources: [old])
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask { try index.patch(to: new.rawSpan, isWholeFile: true) == expected }
      }
      for try await same in group { #expect(same) }
    }
  }

  @Test("A shell that was edited at random comes back, whatever the edits did to its tables")
  func edited() throws {
    var random = SeededGenerator.ofTest("edited shell, projected")
    let old = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/bin/cat")))
    for _ in 0..<3 {
      let new = mutated(old, edits: 10, using: &random)
      let made = try filePatch(old, new)
      let remade = try apply(made, to: old, chunk: 10_000)
      #expect(remade == new)
      let back = try filePatch(new, old)
      let restored = try apply(back, to: new, chunk: 10_000)
      #expect(restored == old)
    }
  }

  @Test("Files that are no executables, equal files, and parts of files get a plain patch")
  func plain() throws {
    let program = try CompiledProgram.bytes(inserted: 1)
    let other = try CompiledProgram.bytes(inserted: 2)
    var random = SeededGenerator.ofTest("plain")
    let noise = random.bytes(5000)
    for (old, new) in [(noise, program), (program, noise), (program, program), (program, [])] {
      let made = try filePatch(old, new)
      #expect(made.first == PatchKind.plain.rawValue)
      let back = try apply(made, to: old, chunk: 4096)
      #expect(back == new)
    }
    let part = try patch([program], other)
    #expect(part.first == PatchKind.plain.rawValue)
    let two = try SourceIndex(sources: [program, noise])
    let made = try two.patch(to: other.rawSpan, isWholeFile: true)
    #expect(made.first == PatchKind.plain.rawValue)
  }

  @Test("A patch for other old bytes is refused before any output")
  func otherOld() throws {
    let old = try CompiledProgram.bytes(inserted: 1)
    let new = try CompiledProgram.bytes(inserted: 2)
    let made = try filePatch(old, new)
    #expect(throws: PatchError.oldMismatch) {
      _ = try PatchApplier(patch: made, old: MemoryBytes(new))
    }
    var wrong = old
    wrong[0] = 0
    #expect(throws: PatchApplyError<Never>.patch(.oldMismatch)) {
      try apply(made, to: wrong, chunk: 1000)
    }
    #expect(throws: PatchError.oldTooLong(byteCount: UInt64(old.count), limit: 100)) {
      _ = try PatchApplier(
        patch: made, old: MemoryBytes(old), limits: PatchLimits(maxProjectedOldLength: 100))
    }
  }

  @Test("Any byte of a patch changed gives an error, or as many bytes as it says")
  func mutations() throws {
    var random = SeededGenerator.ofTest("projected mutations")
    let old = try CompiledProgram.bytes(inserted: 1)
    let new = try CompiledProgram.bytes(inserted: 3)
    let made = try filePatch(old, new)
    let right = try PatchStatistics(patch: made.rawSpan)
    let tables = made.count - right.projectionByteCount
    for round in 0..<100 {
      var wrong = made
      let range = round % 2 == 0 ? 0..<made.count : tables..<made.count
      for _ in 0...Int.random(in: 0...2, using: &random) {
        wrong[Int.random(in: range, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let result = try? apply(wrong, to: old, chunk: 50_000) else { continue }
      let statistics = try PatchStatistics(patch: wrong.rawSpan)
      #expect(UInt64(result.count) == statistics.newLength)
    }
  }

  @Test("Memory that applying takes is told by the patch")
  func memory() throws {
    let old = try CompiledProgram.bytes(inserted: 1)
    let new = try CompiledProgram.bytes(inserted: 2)
    let made = try filePatch(old, new)
    let statistics = try PatchStatistics(patch: made.rawSpan)
    #expect(statistics.kind == .projected)
    #expect(statistics.kind.feature == PatchKind.projectionFeature)
    #expect(statistics.applyMemory > UInt64(made.count))
    #expect(statistics.applyMemory < UInt64(old.count) * 5 + 1 << 20)
    let needed = statistics.applyMemory
    #expect(throws: PatchError.tooMuchMemory(needed: needed, limit: needed - 1)) {
      _ = try PatchApplier(
        patch: made, old: MemoryBytes(old), limits: PatchLimits(maxApplyMemory: needed - 1))
    }
    let plainPatch = try patch([old], new)
    let small = try SourceIndex(sources: [old]).patch(
      to: new.rawSpan, isWholeFile: true, limits: PatchLimits(maxApplyMemory: needed - 1))
    #expect(small == plainPatch)
    let plain = try PatchStatistics(patch: plainPatch.rawSpan)
    #expect(plain.kind.feature == nil)
    #expect(plain.applyMemory < 1 << 20)
  }
}
