import Bytes
import Crypto
import Foundation
import Linux
import TestSupport
import Testing
import Tree

@Suite("Tree digests")
final class TreeDigestTests {
  let tree: SampleTree

  init() throws { tree = try SampleTree() }

  private var root: Descriptor {
    _read { yield tree.root }
  }

  @Test("The listings are, byte for byte, what docs/tree-digest.md says")
  func golden() throws {
    let summary = try TreeSummary(of: root)
    #expect(summary.digest.content == expectedListing(full: false))
    #expect(summary.digest.full == expectedListing(full: true))
    #expect(summary.totals.entries == 12)
    #expect(summary.totals.dataBytes == 3 + 15 + 6 + 6)
    #expect(summary.leftOut.isEmpty)
  }

  /// Another writer of the same listing, from what the sample is known to be.
  private func expectedListing(full: Bool) -> SHA256Digest {
    var out = Array((full ? "btrfs-delta tree full 1\n" : "btrfs-delta tree content 1\n").utf8)
    func string(_ bytes: [UInt8]) { u32(UInt32(bytes.count)); out += bytes }
    func u32(_ value: UInt32) {
      for shift in [0, 8, 16, 24] { out.append(UInt8(value >> shift & 255)) }
    }
    func u64(_ value: UInt64) { u32(UInt32(value & 0xFFFF_FFFF)); u32(UInt32(value >> 32)) }
    func entry(
      _ path: [UInt8], _ kind: UInt8, _ mode: UInt16, _ attributes: [(String, String)] = [],
      data: String? = nil, target: String? = nil
    ) {
      string(path)
      out += [kind, UInt8(mode & 255), UInt8(mode >> 8)]
      u32(geteuid())
      u32(getegid())
      if full {
        u64(1_600_000_000)
        u32(123_456_789)
      }
      u32(UInt32(attributes.count))
      for (name, value) in attributes {
        string(Array(name.utf8))
        string(Array(value.utf8))
      }
      if let data {
        u64(UInt64(data.utf8.count))
        let bytes = Array(data.utf8)
        out += SHA256.hash(bytes.rawSpan).bytes
      }
      if let target { string(Array(target.utf8)) }
    }
    entry([], 2, 0o755)
    entry(Array("a".utf8), 2, 0o750)
    let attributes = [("user.a", ""), ("user.aa", "1"), ("user.b", "2")]
    entry(Array("a/x".utf8), 1, 0o4711, attributes, data: "one")
    entry(Array("a!".utf8), 1, 0o640, data: "comes after a/x")
    entry(Array("copy".utf8), 1, 0o640, data: "linked")
    entry(Array("empty".utf8), 2, 0o750)
    entry(Array("first".utf8), 1, 0o640, data: "linked")
    entry(Array("link".utf8), 3, 0o777, target: "a/nowhere")
    entry(SampleTree.strangeName, 1, 0o640, data: "")
    entry(Array("pipe".utf8), 6, 0o640)
    string(Array("second".utf8))
    out.append(8)
    string(Array("first".utf8))
    entry(Array("socket".utf8), 7, 0o640)
    return SHA256.hash(out.rawSpan)
  }

  @Test("The documented example has the documented digests")
  func documentedExample() throws {
    let listing: [UInt8] =
      Array("btrfs-delta tree full 1\n".utf8) + [0, 0, 0, 0, 2, 0xED, 1, 0, 0, 0, 0, 0, 0, 0, 0]
      + [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    #expect(listing.count == 55)
    #expect(
      SHA256.hash(listing.rawSpan).hex
        == "6125594039196047b514cb3d244cddb77008fc864f2d152afe3b256ee6dbd9f2")
  }

  /// What a change does to the two digests.
  private func effect(
    keepingTimes: Bool = true, of change: (borrowing Descriptor) throws -> Void
  ) throws -> (content: Bool, full: Bool) {
    let before = try TreeSummary(of: root).digest
    try change(root)
    if keepingTimes { try tree.setTimes() }
    let after = try TreeSummary(of: root).digest
    return (before.content != after.content, before.full != after.full)
  }

  private func expectBoth(
    _ change: (borrowing Descriptor) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let effect = try effect(of: change)
    #expect(effect.content && effect.full, sourceLocation: sourceLocation)
  }

  private func expectNeither(
    _ change: (borrowing Descriptor) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let effect = try effect(of: change)
    #expect(!effect.content && !effect.full, sourceLocation: sourceLocation)
  }

  @Test("Whatever is contents changes both digests")
  func contents() throws {
    try expectBoth { try tree.makeFile("copy", "linkeD", in: $0) }
    try expectBoth { try tree.makeFile("copy", "linked and more", in: $0) }
    try expectBoth { try $0.open(beneath: "copy").setPermissions(0o641) }
    try expectBoth { try $0.setPermissions(0o700) }
    try expectBoth { try $0.open(beneath: "a/x").removeAttribute("user.a") }
    try expectBoth { root in
      let value: [UInt8] = [3]
      try root.open(beneath: "a/x").setAttribute("user.b", to: value.rawSpan)
    }
    try expectBoth { try $0.rename("copy", to: "copied") }
    try expectBoth { try $0.unlink("copied") }
    try expectBoth { try $0.makeDirectory("copied") }
    try expectBoth { root in
      try root.unlink("link")
      try root.makeSymbolicLink("link", to: "a/nowhere else")
    }
    try expectBoth { root in
      try root.unlink("pipe")
      try root.makeNode("pipe", type: .socket, permissions: 0o640)
    }
  }

  @Test("A hard link is not a copy")
  func hardLinks() throws {
    try expectBoth { root in
      try root.unlink("second")
      try tree.makeFile("second", "linked", in: root)
      try root.open(beneath: "second").setPermissions(0o640)
    }
    // And which names belong together counts.
    try expectBoth { root in
      try root.unlink("second")
      try root.makeLink("second", to: "copy", in: root)
    }
  }

  @Test("A modification time changes only the full digest, by a nanosecond already")
  func times() throws {
    for name in ["copy", "link", "a", "pipe"] {
      let time = FileTime(seconds: 1_600_000_000, nanoseconds: 123_456_788)
      let effect = try effect(keepingTimes: false) {
        try $0.setTimes(of: name, modification: time)
      }
      #expect(!effect.content && effect.full)
    }
  }

  @Test("Access times, inode numbers, holes and the order of making change neither")
  func neither() throws {
    try expectNeither { try $0.setTimes(of: "copy", access: FileTime(seconds: 5)) }
    try expectNeither { root in
      try tree.makeFile("made anew", "linked", in: root)
      try root.open(beneath: "made anew").setPermissions(0o640)
      try root.rename("made anew", to: "copy")
    }
    try expectNeither { root in
      // The same inode, its other name first.
      try root.unlink("first")
      try root.makeLink("first", to: "second", in: root)
    }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let file = try root.open(beneath: "copy", .readWrite)
    try file.write(zeros.rawSpan, at: 0)
    try tree.setTimes()
    try expectNeither { _ in
      try file.truncate(to: 0)
      try file.truncate(to: 1 << 20)
    }
  }

  @Test("Large files are read to their last byte")
  func largeFiles() throws {
    var generator = SeededGenerator.ofTest("largeFiles")
    let bytes = generator.bytes(600_000)
    let file = try root.open(beneath: "copy", .readWrite)
    try file.write(bytes.rawSpan)
    let last = [bytes[599_999] ^ 1]
    try expectBoth { _ in try file.write(last.rawSpan, at: 599_999) }
  }

  @Test("A walk ends when its progress says so")
  func cancels() throws {
    var calls = 0
    let error = #expect(throws: SystemError.self) {
      _ = try TreeSummary(of: root) { totals in
        calls += 1
        return totals.entries < 3
      }
    }
    #expect(error?.errno == .canceled)
    #expect(calls > 2 && calls < 10)
  }

  @Test("Whatever call fails, the walk fails: no file is skipped")
  func faults() throws {
    let expected = try TreeSummary(of: root)
    let calls = try FaultInjection.calls(counting: .all) { _ = try TreeSummary(of: root) }
    #expect(calls > 50)
    for n in 1...calls {
      try FaultInjection.with(.fail(at: n, .inputOutput), counting: .all) { _ in
        #expect(throws: SystemError.self) { _ = try TreeSummary(of: root) }
      }
    }
    #expect(try TreeSummary(of: root) == expected)
  }
}
