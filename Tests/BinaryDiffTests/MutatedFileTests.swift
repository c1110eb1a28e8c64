import BinaryDiff
import BinaryPatch
import Bytes
import Foundation
import TestSupport
import Testing

/// The short form of what `tools/fuzz mutations` does ten thousand times.
@Suite("Real files and made-up next releases of them")
struct MutatedFileTests {
  /// Executables for both processors and of all types, and a few programs of this machine.
  private static let files: [[UInt8]] = {
    var files = (0..<4).map { SampleModules.module($0, of: SampleModules.old) }
    for machine in [62, 183] as [UInt16] {
      for type in [1, 2, 3] as [UInt16] {
        files.append(SmallElf.full(machine: machine, type: type).bytes)
      }
    }
    let paths = ["/usr/bin/true", "/lib/x86_64-linux-gnu/libdl.so.2"]
    return files + paths.compactMap { FileManager.default.contents(atPath: $0).map { [UInt8]($0) } }
  }()

  private func check(_ old: [UInt8], using random: inout SeededGenerator) throws -> UInt8? {
    let (new, edits) = FileMutator.mutated(old, using: &random)
    let made = try filePatch(old, new)
    let back = try apply(made, to: [old])
    #expect(firstDifference(back, new) == nil, "\(edits)")
    return made.first
  }

  @Test("Hundreds of them go there and back")
  func small() throws {
    var random = SeededGenerator.ofTest("mutated files")
    var kinds: [UInt8: Int] = [:]
    for _ in 0..<20 {
      for old in Self.files { kinds[try check(old, using: &random) ?? 0, default: 0] += 1 }
    }
    #expect(kinds.keys.sorted() == [1, 2])
  }

  @Test("A program with a section grown in its middle")
  func relinked() throws {
    let bytes = try #require(FileManager.default.contents(atPath: "/usr/bin/true"))
    let old = [UInt8](bytes)
    let elf = try #require(ElfFile(old))
    var random = SeededGenerator(seed: 7)
    let text = elf.relinked(using: &random)
    #expect(text.count > old.count)
    #expect(ElfFile(text)?.sections.count == elf.sections.count)
    let back = try apply(filePatch(old, text), to: [old])
    #expect(firstDifference(back, text) == nil)
  }

  @Test("The C library goes there and back")
  func library() throws {
    let bytes = try #require(
      FileManager.default.contents(atPath: "/lib/x86_64-linux-gnu/libc.so.6"))
    var random = SeededGenerator.ofTest("mutated C library")
    // A part of it: all takes a debug build too long.
    let old = [UInt8](bytes.prefix(200_000))
    for _ in 0..<3 { _ = try check(old, using: &random) }
  }
}
