import BinaryPatch
import Bytes
import Foundation
import TestSupport
import Testing

/// Patches of each released kind, with the files that they are for: they are applied forever.
@Suite("Golden patches")
struct GoldenPatchTests {
  /// The kinds of files that there are a patch for.
  static let names = ["x86_64-library", "x86_64-program", "x86_64-object", "aarch64-library"]

  private func url(_ name: String, _ part: String) -> URL {
    TestImages.url("compat/patches/projected-1-\(name).\(part)")
  }

  private func read(_ name: String, _ part: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: url(name, part)))
  }

  @Test("A patch of kind 2 with parser version 1 gives the new file", arguments: names)
  func projected(name: String) throws {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil { try update(name) }
    let old = try read(name, "old")
    let new = try read(name, "new")
    let patch = try read(name, "patch")
    #expect(patch.first == PatchKind.projected.rawValue)
    let made = try apply(patch, to: [old])
    #expect(made == new)
    // The fields that are found are a part of the format: one more, or less, is another number.
    let image = ElfImage(old.rawSpan)
    let parsed = FieldParser.parse(old.rawSpan, try #require(image))
    #expect(parsed?.isEmpty == false)
  }

  private func update(_ name: String) throws {
    let (compiler, options) =
      switch name {
      case "x86_64-library": (["gcc"], ["-shared", "-fPIC", "-Wl,-s", "-Wl,--hash-style=both"])
      case "x86_64-program": (["gcc"], ["-no-pie", "-fno-pie", "-Wl,-s"])
      case "x86_64-object": (["gcc"], ["-c"])
      default:
        (
          ["clang", "--target=aarch64-linux-gnu", "-nostdlib", "-fuse-ld=lld", "-fPIC"],
          ["-shared", "-Wl,-s", "-Wl,--unresolved-symbols=ignore-all"]
        )
      }
    let programs = try [1, 3].map {
      try CompiledProgram.bytes(
        inserted: $0, functions: 30, compiler: compiler, options: options)
    }
    try Data(programs[0]).write(to: url(name, "old"))
    try Data(programs[1]).write(to: url(name, "new"))
    try Data(try filePatch(programs[0], programs[1])).write(to: url(name, "patch"))
  }
}
