import Bytes
import DeltaStream
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Which part of an old file is searched")
struct OldWindowsTests {
  private let chunk: UInt64 = 131_072

  private func matcher(
    _ directory: borrowing TemporaryDirectory, _ files: [(String, [UInt8])], input: UInt64 = 1 << 20
  ) throws -> OldFileMatcher {
    var index = ParentIndex()
    for (name, bytes) in files {
      try Data(bytes).write(to: URL(filePath: directory.path + "/" + name))
      index.add(path: Array(name.utf8), size: UInt64(bytes.count))
    }
    var matcher = OldFileMatcher(index: index, tree: try ParentTree(root: directory.open()))
    matcher.maximumInput = input
    return matcher
  }

  private func run(
    _ path: String, _ length: Int, at offset: UInt64 = 0, clones: [PatchClone] = []
  ) -> WrittenRun {
    var run = WrittenRun(
      streamOffset: 0, path: Array("o1-1-0".utf8), offset: offset, length: UInt64(length),
      origin: nil, finalPath: Array(path.utf8))
    run.clones = clones
    return run
  }

  @Test("A file that is short enough is searched whole, and not in blocks")
  func whole() throws {
    let directory = try TemporaryDirectory()
    let matcher = try matcher(directory, [("f", [UInt8](repeating: 1, count: 1 << 20))])
    let run = run("f", 1 << 20)
    let file = try #require(matcher.index.file(at: Array("f".utf8)))
    var windows = OldWindows(matcher, for: [run])
    #expect(windows.ends(of: run, in: file, chunk: chunk) == [1 << 20])
    let new = [UInt8](repeating: 2, count: 10)
    #expect(
      try windows.source(for: new.rawSpan, at: 0, in: file)
        == PatchSource(path: file.path, offset: 0, length: 1 << 20))
  }

  @Test("A longer one is searched where the contents are, wherever they have moved to")
  func moved() throws {
    var random = SeededGenerator.ofTest("OldWindowsTests.moved")
    let directory = try TemporaryDirectory()
    let old = random.bytes(8 << 20)
    let matcher = try matcher(directory, [("f", old)])
    let new = Array(old[(4 << 20)...]) + old[..<(4 << 20)]
    let run = run("f", new.count)
    let file = try #require(matcher.index.file(at: Array("f".utf8)))
    var windows = OldWindows(matcher, for: [run])
    let ends = windows.ends(of: run, in: file, chunk: chunk)
    #expect(ends.count == 32 && ends.last == 8 << 20 && ends.allSatisfy { $0 % chunk == 0 })
    var start = 0
    for end in ends.map({ Int($0) }) {
      let block = Array(new[start..<end])
      let source = try windows.source(for: block.rawSpan, at: UInt64(start), in: file)
      #expect(source.length <= 1 << 20 && source.offset % 4096 == 0)
      let place = UInt64(start < 4 << 20 ? start + (4 << 20) : start - (4 << 20))
      #expect(source.offset <= place)
      #expect(source.offset + source.length >= place + UInt64(block.count))
      start = end
    }
    // What is nowhere is looked for at its own place; little of a file as well.
    let strange = random.bytes(1 << 18)
    let nowhere = try windows.source(for: strange.rawSpan, at: 5 << 20, in: file)
    #expect(nowhere.offset <= 5 << 20 && nowhere.offset + nowhere.length > 5 << 20)
    let little = self.run("f", 5000, at: 6 << 20)
    var few = OldWindows(matcher, for: [little])
    let source = try few.source(for: Array(old[..<5000]).rawSpan, at: 6 << 20, in: file)
    #expect(source.offset <= 6 << 20 && source.offset > 4 << 20)
  }

  @Test("Blocks end where the normal form cuts, or behind what is shared")
  func ends() throws {
    let directory = try TemporaryDirectory()
    let matcher = try matcher(directory, [("f", [UInt8](repeating: 1, count: 3 << 20))])
    let file = try #require(matcher.index.file(at: Array("f".utf8)))
    let clone = PatchClone(offset: 253_952, length: 16_384, sourceOffset: 0)
    let run = run("f", 1_000_000, at: 5000, clones: [clone])
    let windows = OldWindows(matcher, for: [run])
    #expect(
      windows.ends(of: run, in: file, chunk: chunk) == [270_336, 524_288, 786_432, 1_005_000])
  }

  @Test("A file that moved and changed is found by its contents, and only if it has to be")
  func sketches() throws {
    var random = SeededGenerator.ofTest("OldWindowsTests.sketches")
    let directory = try TemporaryDirectory()
    let (one, two, three) = (random.bytes(40_000), random.bytes(30_000), random.bytes(20_000))
    let plain = try matcher(
      directory, [("one", one), ("two", two), ("three", three), ("other7", random.bytes(30_000))])
    func found(_ path: String, _ new: [UInt8], _ matcher: OldFileMatcher) throws -> String? {
      let file = try matcher.oldFile(of: run(path, new.count), new: new)
      return file.map { String(decoding: $0.path, as: UTF8.self) }
    }
    let changed = random.bytes(700) + two[..<15_000] + random.bytes(50) + two[15_000...]
    #expect(try found("new", changed, plain) == nil)
    let matcher = try plain.withSketches(for: [run("new", changed.count)]) { _ in true }
    #expect(try found("new", changed, matcher) == "two")
    // A name like it is a candidate, and the better one by its contents is taken.
    #expect(try found("other8", changed, plain) == "other7")
    #expect(try found("d/other8", changed, matcher) == "two")
    #expect(try found("one", changed, matcher) == "one")
    #expect(try found("new", random.bytes(9000), matcher) == nil)
    #expect(try found("new", three, matcher) == "three")
    // Nothing that has an old path, or is short, has the parent read.
    var read: UInt64 = 0
    _ = try plain.withSketches(for: [run("one", 9000), run("x", 4095), run("other9", 9000)]) {
      read = $0
      return true
    }
    #expect(read == 0)
    #expect(throws: BuildError.self) {
      try plain.withSketches(for: [run("new", 4096)]) { _ in false }
    }
  }
}
