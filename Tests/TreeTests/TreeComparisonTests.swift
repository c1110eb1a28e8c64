import Bytes
import Linux
import TestSupport
import Testing
import Tree

@Suite("Comparing trees")
final class TreeComparisonTests {
  let one: SampleTree
  let other: SampleTree

  init() throws {
    one = try SampleTree()
    other = try SampleTree()
  }

  private func differences(
    comparingTimes: Bool = true, limit: Int = 100
  ) throws -> [String] {
    try TreeComparison(
      of: one.root, and: other.root, comparingTimes: comparingTimes, limit: limit
    ).differences.map(\.description)
  }

  @Test("Trees made alike are the same")
  func same() throws {
    let comparison = try TreeComparison(of: one.root, and: other.root)
    #expect(comparison.isSame)
    #expect(comparison.totals.entries == 12)
    #expect(comparison.totals.dataBytes == 30)
  }

  @Test("Every difference is named, in the order of the paths")
  func names() throws {
    let root = other.root.rawValue
    let theirs = try Descriptor(duplicating: root, path: "other")
    try other.makeFile("a!", "comes after A/x", in: theirs)
    try theirs.open(beneath: "a/x").setPermissions(0o711)
    try theirs.open(beneath: "a/x").removeAttribute("user.aa")
    try other.makeFile("copy", "longer than it was", in: theirs)
    try theirs.removeDirectory("empty")
    try theirs.makeNode("empty", type: .fifo)
    try theirs.unlink("second")
    try other.makeFile("second", "linked", in: theirs)
    try theirs.unlink("link")
    try theirs.makeSymbolicLink("link", to: "elsewhere")
    try other.setTimes()
    try theirs.setTimes(of: "pipe", modification: FileTime(seconds: 3))
    let expected = [
      "a/x: permissions differ", "a/x: extended attribute user.aa differs",
      "a!: contents differ from byte 12 on", "copy: sizes differ", "empty: types differ",
      "link: targets of symbolic links differ", "pipe: modification times differ",
      "second: hard links differ",
    ]
    #expect(try differences() == expected)
    #expect(try differences(comparingTimes: false) == expected.filter { !$0.contains("times") })
  }

  @Test("What only one tree has is named once, with all it holds")
  func missing() throws {
    let mine = try Descriptor(duplicating: one.root.rawValue, path: "one")
    let theirs = try Descriptor(duplicating: other.root.rawValue, path: "other")
    try mine.makeDirectory("new")
    let inner = try mine.open(beneath: "new")
    try one.makeFile("inner", "x", in: inner)
    try theirs.makeDirectory("a\n0")
    try one.setTimes()
    try other.setTimes()
    #expect(
      try differences() == ["a\\u{a}0: only in the second tree", "new: only in the first tree"])
  }

  @Test("Comparing ends at the limit, and says so")
  func limits() throws {
    try other.root.unlink("copy")
    try other.root.unlink("pipe")
    try other.root.unlink("link")
    try other.setTimes()
    let cut = try TreeComparison(of: one.root, and: other.root, limit: 2)
    #expect(cut.differences.count == 2 && cut.isCut && !cut.isSame)
    let whole = try TreeComparison(of: one.root, and: other.root, limit: 3)
    #expect(whole.differences.count == 3 && !whole.isCut)
    #expect(try !TreeComparison(of: one.root, and: other.root, limit: 0).isSame)
  }

  @Test("The comparison and the digests agree on random changes")
  func agrees() throws {
    var generator = SeededGenerator.ofTest("agrees")
    let files = ["a/x", "a!", "copy", "first"]
    for _ in 0..<40 {
      let tree = Bool.random(using: &generator) ? one : other
      let bytes = generator.bytes(1).map { $0 & 1 }
      let name = files[Int.random(in: 0..<files.count, using: &generator)]
      let file = try tree.root.open(beneath: name, .readWrite)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: try file.setPermissions(UInt32.random(in: 0o600...0o603, using: &generator))
      case 1: try file.truncate(to: UInt64.random(in: 0...2, using: &generator))
      case 2: try file.write(bytes.rawSpan, at: 0)
      default:
        try file.setTimes(
          modification: FileTime(seconds: Int64.random(in: 0...1, using: &generator)))
      }
      let (mine, theirs) = (try TreeSummary(of: one.root), try TreeSummary(of: other.root))
      let full = try TreeComparison(of: one.root, and: other.root).isSame
      #expect(full == (mine.digest.full == theirs.digest.full))
      let content = try TreeComparison(of: one.root, and: other.root, comparingTimes: false).isSame
      #expect(content == (mine.digest.content == theirs.digest.content))
    }
  }
}
