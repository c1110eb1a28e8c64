import Bytes
import Linux
import TestSupport
import Testing

@testable import Tree

@Suite("What moved among very many")
struct TreeMovesTests {
  @Test("Names of the same contents are paired in order, at once, and their file is read once")
  func sameContents() throws {
    let count = 20_000
    // In each tree, all are names of one file.
    func catalog(_ directory: String, _ prefix: String) throws -> TreeCatalog {
      let paths = ["", directory] + (0..<count).map { "\(directory)/\(prefix)\(100_000 + $0)" }
      return try Self.catalog(paths, files: 2..., sharing: true)
    }
    let (before, after) = (try catalog("a", ""), try catalog("b", "x"))
    var read = TreeTotals()
    var found: TreeChanges?
    let time = try processorTime {
      found = try TreeChanges(from: before, to: after) {
        read = $0
        return true
      }
    }
    let changes = try #require(found)
    // Quadratic, it took minutes.
    #expect(time < .seconds(30))
    #expect(read.dataBytes == 10)
    #expect((changes.totals.moved, changes.totals.added, changes.totals.removed) == (20_000, 1, 1))
    let isInOrder = changes.changes.allSatisfy { change in
      guard case .moved(let source) = change.kind else { return true }
      return source.dropFirst(2) == change.path.dropFirst(3)
    }
    #expect(isInOrder)
  }

  @Test("Of copies, each finds its own name first, and what is left is paired in order")
  func copies() throws {
    let old = try ScriptTree("mkdir a; for n in 1 2 3 4 5; do echo same > a/$n; done")
    let new = try ScriptTree(
      copying: old, "mkdir b c; mv a/4 b/4; mv a/2 b/x; mv a/5 b/y; mv a/1 c/2; mv a/3 c/z")
    let moves = try TreeChanges(from: old.catalog(), to: new.catalog()).changes.compactMap {
      guard case .moved(let source) = $0.kind else { return nil as String? }
      return String(decoding: source + [0x3E] + $0.path, as: UTF8.self)
    }
    #expect(moves == ["a/4>b/4", "a/1>b/x", "a/3>b/y", "a/2>c/2", "a/5>c/z"])
  }

  @Test("Directories deep below each other take no longer than as many beside each other")
  func deepDirectories() throws {
    let depth = 500
    // What differs comes last, in the innermost directory.
    func catalog(_ first: String, _ last: String) throws -> TreeCatalog {
      var paths = ["", first]
      while paths.count <= depth { paths.append(paths[paths.count - 1] + "/d") }
      let inner = paths[depth]
      paths +=
        ["\(inner)/a"] + (0..<1_500).map { "\(inner)/n\(10_000 + $0)" } + ["\(inner)/\(last)"]
      return try Self.catalog(paths, files: (depth + 1)...)
    }
    let (before, after) = (try catalog("x", "z1"), try catalog("y", "z2"))
    var found: TreeChanges?
    let time = try processorTime { found = try TreeChanges(from: before, to: after) }
    let totals = try #require(found).totals
    #expect(time < .seconds(30))
    #expect((totals.moved, totals.removed, totals.added) == (1, 2_001, 2_001))
    let other = try catalog("y", "z1")
    let moved = try TreeChanges(from: before, to: other)
    #expect((moved.totals.moved, moved.totals.removed, moved.totals.added) == (1, 0, 0))
    #expect(moved.changes.contains { $0.kind == .moved(from: [0x78]) })
  }

  @Test("A temporary tree is removed, however deep it is")
  func temporaryTrees() throws {
    let place = try TemporaryDirectory()
    do {
      let tree = try TemporaryTree(in: place.path)
      for name in ["0", "b", "2"] {
        var directory = try tree.directory.duplicate()
        for _ in 0..<1_000 {
          try directory.makeDirectory(name)
          try directory.makeNode("file " + name, type: .regular)
          directory = try directory.open(beneath: name)
        }
      }
    }
    #expect(try place.open().entries().isEmpty)
  }

  @Test("Of a directory, its files tell where it is, and what no file tells of follows")
  func followers() throws {
    let old = try ScriptTree(
      "mkdir -p a/b/empty a/c; echo 1 > a/c/1; : > a/b/none; ln -s x a/b/empty/link; echo 2 > a/z")
    let new = try ScriptTree(copying: old, "mv a A")
    func moves(_ script: String) throws -> [String] {
      let other = try ScriptTree(copying: new, script)
      return try TreeChanges(from: old.catalog(), to: other.catalog()).changes.compactMap {
        guard case .moved(let source) = $0.kind else { return nil }
        return String(decoding: source + [0x3E] + $0.path, as: UTF8.self)
      }
    }
    #expect(try moves("") == ["a>A"])
    #expect(try moves("mkdir A/b/more") == ["a/c>A/c", "a/z>A/z"])
    #expect(try moves("rm A/b/none") == ["a/c>A/c", "a/z>A/z"])
    #expect(try moves("ln -sfn y A/b/empty/link") == ["a/c>A/c", "a/z>A/z"])
    #expect(try moves("chmod 700 A/b") == ["a/c>A/c", "a/z>A/z"])
    #expect(try moves("mv A/c C") == ["a/z>A/z", "a/c>C"])
    #expect(try moves("mv A/c A/C") == ["a/c>A/C", "a/z>A/z"])
    #expect(try moves("mv A/z Z") == ["a/c>A/c", "a/z>Z"])
    #expect(try moves("mv A/c/1 A/c/2") == ["a/c/1>A/c/2", "a/z>A/z"])
  }

  /// A catalog of directories, and behind these of files, of which only the first one is there, and not empty.
  private static func catalog(
    _ paths: [String], files: PartialRangeFrom<Int>, sharing: Bool = false
  ) throws -> TreeCatalog {
    let time = FileTime(seconds: 1)
    var entries: [TreeCatalog.Entry] = []
    var inodes: [TreeInode] = []
    for (index, path) in paths.enumerated() {
      let isFile = files.contains(index)
      if !isFile || !sharing || index == files.lowerBound {
        inodes.append(
          TreeInode(
            type: isFile ? .regular : .directory, permissions: 0o755, modificationTime: time,
            size: index == files.lowerBound ? 5 : 0))
      }
      entries.append(TreeCatalog.Entry(path: Array(path.utf8), inode: inodes.count - 1))
    }
    return TreeCatalog(entries: entries, inodes: inodes, root: try root(paths[files.lowerBound]))
  }

  /// A directory with a file and the directories above it.
  private static func root(_ path: String) throws -> TreeRoot {
    let tree = try TemporaryTree()
    let names = path.split(separator: "/").map(String.init)
    var directory = try tree.directory.duplicate()
    for name in names.dropLast() {
      try directory.makeDirectory(name)
      directory = try directory.open(beneath: name)
    }
    let text = Array("text\n".utf8)
    let file = try directory.open(
      beneath: names[names.count - 1], [.writeOnly, .create], permissions: 0o600)
    try file.write(text.rawSpan)
    return try TreeRoot(tree)
  }
}
