import BinaryPatch
import Bytes
import Foundation
import TestSupport
import Testing

@testable import BinaryDiff

/// The applying side finds the fields of one window of old at a time, in any order; a window as long
/// as the file is the same as going through all of it in a row.
@Suite("Fields found by windows are those of the whole file")
struct FieldWindowTests {
  /// Compares the fields of windows of some sizes with those of one window; gives how many
  /// there are beside headers.
  @discardableResult
  private func check(
    _ bytes: [UInt8], sizes: [Int], _ comment: Comment
  ) throws -> Int {
    let read = ElfImage(bytes.rawSpan)
    guard let image = read else { return 0 }
    let whole = (bytes.count + 64) / 64 * 64
    let one = FieldParser.parse(bytes.rawSpan, image, windowSize: whole)
    let expected = try #require(one).flatMap(\.self)
    let areInOrder = zip(expected, expected.dropFirst()).allSatisfy { $0.end <= $1.start }
    #expect(areInOrder, comment)
    let areInside = (expected.last?.end ?? 0) <= bytes.count
    #expect(areInside, comment)
    for size in sizes {
      let parsed = FieldParser.parse(bytes.rawSpan, image, windowSize: size)
      let windows = try #require(parsed)
      for (number, fields) in windows.enumerated() {
        let isOfWindow = fields.allSatisfy { $0.start / size == number }
        #expect(isOfWindow, comment)
      }
      let found = windows.flatMap(\.self)
      let difference = zip(found, expected).first { $0 != $1 }
      #expect(difference == nil, comment)
      #expect(found.count == expected.count, comment)
    }
    // Every file has those of its header and its section header table.
    return expected.filter {
      $0.kind != .sectionPlace && $0.kind != .sectionLength && $0.start >= 64
    }.count
  }

  @Test(
    "Libraries and programs of this machine",
    arguments: ["/lib/x86_64-linux-gnu/libc.so.6", "/bin/bash"])
  func real(path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let count = try check(bytes, sizes: [FieldWindow.size], "\(path)")
    #expect(count > bytes.count / 100)
  }

  @Test(
    "A library and an object of each machine, in windows of every size",
    arguments: ["x86_64-library", "x86_64-program", "x86_64-object", "aarch64-library"])
  func small(name: String) throws {
    let url = TestImages.url("compat/patches/projected-1-\(name).old")
    let bytes = [UInt8](try Data(contentsOf: url))
    let sizes = [64, 128, 192, 320, 1088, 4096, FieldWindow.size]
    let count = try check(bytes, sizes: sizes, "\(name)")
    #expect(count > 100)
  }

  @Test(
    "Executables that lie: headers, tables and bytes changed", arguments: [62, 183] as [UInt16])
  func hostile(machine: UInt16) throws {
    var random = SeededGenerator.ofTest("hostile windows \(machine)")
    for round in 0..<150 {
      var bytes = SmallElf.full(
        machine: machine, type: UInt16(round % 3 + 1), seed: random.next()
      ).bytes
      let table = bytes.count - 64 * 23
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        let at = Int.random(
          in: [16..<120, table..<bytes.count, 0..<bytes.count].randomElement(using: &random)
            ?? 0..<1,
          using: &random)
        bytes[at] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      try check(bytes, sizes: [round % 2 == 0 ? 192 : 1024], "round \(round)")
    }
  }

  @Test("Real programs with bytes changed anywhere")
  func mutations() throws {
    var random = SeededGenerator.ofTest("window mutations")
    for name in ["x86_64-library", "x86_64-object", "aarch64-library"] {
      let url = TestImages.url("compat/patches/projected-1-\(name).old")
      let bytes = [UInt8](try Data(contentsOf: url))
      for round in 0..<6 {
        var hostile = bytes
        for _ in 0..<Int.random(in: 1...40, using: &random) {
          hostile[Int.random(in: 16..<bytes.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
        try check(hostile, sizes: [64 * Int.random(in: 1...20, using: &random)], "round \(round)")
      }
    }
  }

  @Test("A record, a type or a table that is longer than windows goes on in the next ones")
  func long() throws {
    let members: [UInt32] = (0..<UInt32(3000)).flatMap { [7, $0 % 50 + 1, $0] }
    func words(_ words: [UInt32]) -> [UInt8] {
      var out: [UInt8] = []
      for word in words { out.append(littleEndian: word) }
      return out
    }
    let types = words([0, 4 << 24 | 3000, 8]) + words(members) + words([3, 2 << 24, 9])
    let object = SmallElf(
      type: 1,
      [.init(".BTF", flags: 0, words([0x0001_eb9f, 24, 0, UInt32(types.count), 0, 0]) + types)])
    let count = try check(object.bytes, sizes: [64, 256, 1024, FieldWindow.size], "types")
    #expect(count == 6000 + 1 + 1)
    // A table of 3,000 distances to code, which the code takes the address of.
    var library = SmallElf([
      .init(
        ".text", flags: 6, [0x48, 0x8d, 0x05, 0, 0, 0, 0] + [UInt8](repeating: 0x90, count: 99)),
      .init(".rodata", []),
    ])
    let offsets = library.offsets
    library.sections[0].bytes.replaceSubrange(
      3..<7, with: words([UInt32(offsets[1] - offsets[0] - 7)]))
    let distance = UInt32(bitPattern: Int32(offsets[0] - offsets[1]))
    library.sections[1].bytes = words([UInt32](repeating: distance, count: 3000)) + words([1 << 30])
    let fields = try check(library.bytes, sizes: [64, 256, 1024, FieldWindow.size], "table")
    #expect(fields == 1 + 3000)
    // A frame description with kilobytes of instructions, and one behind it.
    let common =
      words([0x14, 0]) + [1] + Array("zR\0".utf8) + [1, 0x78, 16, 1, 0x1b, 0, 0, 0, 0, 0, 0, 0]
    let long =
      words([5000, UInt32(common.count + 4), 0x100, 8]) + [UInt8](repeating: 0, count: 4988)
    let next = words([12, UInt32(common.count + long.count + 4), 0x100, 8])
    let frames = SmallElf([.init(".eh_frame", common + long + next + words([0]))])
    let found = try check(frames.bytes, sizes: [64, 256, 1024, FieldWindow.size], "frames")
    #expect(found == 6)
  }
}
