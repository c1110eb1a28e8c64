import Linux
import TestSupport
import Testing

@testable import Tree

@Suite("What changed between trees")
struct TreeChangesTests {
  @Test("A tree and its copy are the same")
  func same() throws {
    let old = try ScriptTree("mkdir d; echo a > d/a; ln d/a b; mkfifo p; ln -s x l")
    let new = try ScriptTree(copying: old, "find . -exec touch -h -d @5 {} +")
    #expect(try Self.changes(old, old).isEmpty)
    let changes = try TreeChanges(from: old.catalog(), to: new.catalog())
    #expect(changes.isSame)
    #expect(changes.totals.onlyTimes == 6)
    #expect(changes.changes.count == 6 && changes.changes.allSatisfy { $0.isOnlyTime })
  }

  @Test("Every kind of change has its name")
  func kinds() throws {
    let old = try ScriptTree(
      """
      echo one > size; echo one > bytes; echo m > mode; echo o > owner; echo x > attribute
      ln -s a link; mknod node c 1 3 2>&1 || mkfifo node; echo k > kind; echo g > gone; mkdir gonedir
      echo i > gonedir/inner; echo h > h1; ln h1 h2
      """)
    let new = try ScriptTree(
      copying: old,
      """
      echo longer > size; echo two > bytes; chmod 600 mode; setfattr -n user.a -v b attribute
      ln -sfn b link; rm kind; mkdir kind; rm -r gone gonedir; echo new > new; mkdir newdir
      : > newdir/empty; rm h2; cp -p h1 h2
      """)
    let lines = try Self.changes(old, new)
    #expect(
      lines == [
        "modified  time",
        "modified attribute attributes", "modified bytes contents,time",
        "removed gone", "removed gonedir", "removed gonedir/inner", "modified h1 links",
        "modified h2 links", "modified kind type", "modified link target,time",
        "modified mode permissions", "added new", "added newdir", "added newdir/empty",
        "modified size contents,time",
      ])
    let totals = try TreeChanges(from: old.catalog(), to: new.catalog()).totals
    #expect((totals.added, totals.removed, totals.modified) == (3, 3, 8))
    #expect((totals.moved, totals.onlyTimes) == (0, 1))
    #expect((totals.oldBytes, totals.newBytes) == (22, 25))
  }

  @Test("A file that moved is one change, also where its mode changed")
  func moves() throws {
    let old = try ScriptTree("mkdir a b; echo text > a/x; echo twin > b/t1; echo twin > b/t2")
    let new = try ScriptTree(
      copying: old, "mv a/x b/y; chmod 600 b/y; mkdir c; mv b/t2 c/t2; mv b/t1 c/t0")
    #expect(
      try Self.changes(old, new).filter { !$0.hasSuffix(" time") } == [
        "moved a/x b/y permissions", "added c", "moved b/t1 c/t0", "moved b/t2 c/t2",
      ])
  }

  @Test("A directory that moved is one change, with all it holds")
  func directories() throws {
    let old = try ScriptTree(
      """
      mkdir -p usr/lib/v1/sub usr/other; echo a > usr/lib/v1/a; echo b > usr/lib/v1/sub/b
      : > usr/lib/v1/empty; ln -s a usr/lib/v1/link; echo o > usr/other/o
      """)
    let new = try ScriptTree(copying: old, "mv usr/lib/v1 usr/lib/v2; chmod 700 usr/lib/v2")
    #expect(
      try Self.changes(old, new).filter { !$0.hasSuffix(" time") } == [
        "moved usr/lib/v1 usr/lib/v2 permissions"
      ])
    // Not where something else is in it now, or something is missing, or different.
    for extra in [
      "echo n > usr/lib/v2/zz", "rm usr/lib/v2/empty",
      "chmod 755 usr/lib/v2/sub; chmod 600 usr/lib/v2/a",
    ] {
      let other = try ScriptTree(copying: new, extra)
      let lines = try Self.changes(old, other)
      #expect(!lines.contains { $0.hasPrefix("moved usr/lib/v1 ") }, "\(extra)")
      #expect(lines.contains { $0.hasPrefix("moved usr/lib/v1/a usr/lib/v2/a") }, "\(extra)")
    }
  }

  @Test("The inner of two directories may have moved where the outer is gone")
  func innerDirectories() throws {
    let old = try ScriptTree("mkdir -p x/y; echo 1 > x/y/1; echo 2 > x/y/2; echo 3 > x/3")
    let new = try ScriptTree(copying: old, "mv x/y z; rm -r x")
    #expect(
      try Self.changes(old, new).filter { !$0.hasSuffix(" time") } == [
        "removed x", "removed x/3", "moved x/y z",
      ])
  }

  @Test("Nothing is left out: each name of either tree is said, or the same")
  func complete() throws {
    var generator = SeededGenerator.ofTest("changes")
    for _ in 0..<10 {
      let old = try ScriptTree(Self.random(&generator))
      let new = try ScriptTree(copying: old, Self.random(&generator))
      let (before, after) = (try old.catalog(), try new.catalog())
      let changes = try TreeChanges(from: before, to: after)
      var names = Set(before.entries.map(\.path))
      for change in changes.changes {
        switch change.kind {
        case .added: #expect(names.insert(change.path).inserted)
        case .removed: #expect(names.remove(change.path) != nil)
        case .modified: #expect(names.contains(change.path))
        case .moved(let source):
          let slash = source + [0x2F]
          for name in names where name == source || name.starts(with: slash) {
            names.remove(name)
            names.insert(change.path + name.dropFirst(source.count))
          }
        }
      }
      #expect(names == Set(after.entries.map(\.path)))
    }
  }

  private static func random(_ generator: inout SeededGenerator) -> String {
    (0..<12).map { _ in
      let (a, b) = (
        "d\(Int.random(in: 0..<4, using: &generator))",
        "f\(Int.random(in: 0..<4, using: &generator))"
      )
      let c = "d\(Int.random(in: 0..<4, using: &generator))"
      return switch Int.random(in: 0..<6, using: &generator) {
      case 0, 1: "mkdir -p \(a)/s; echo \(Int.random(in: 0..<9, using: &generator)) > \(a)/s/\(b)"
      case 2: "mkdir -p \(c); [ ! -e \(a) ] || [ \(a) = \(c) ] || [ -e \(c)/\(a) ] || mv \(a) \(c)/"
      case 3: "rm -rf \(a)/s"
      case 4: "mkdir -p \(a); ln -sf x \(a)/\(b)"
      default: "mkdir -p \(a); echo \(b) > \(a)/\(b)"
      }
    }.joined(separator: "\n")
  }

  /// `kind old-path new-path aspects`, without what says nothing.
  private static func changes(_ old: ScriptTree, _ new: ScriptTree) throws -> [String] {
    try TreeChanges(from: old.catalog(), to: new.catalog()).changes.map { change in
      let path = String(decoding: change.path, as: UTF8.self)
      let kind =
        if case .moved(let source) = change.kind {
          "moved " + String(decoding: source, as: UTF8.self)
        } else { "\(change.kind)" }
      let aspects = change.aspects.map(\.rawValue).sorted().joined(separator: ",")
      return "\(kind) \(path)" + (aspects.isEmpty ? "" : " \(aspects)")
    }
  }
}
