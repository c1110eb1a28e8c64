import Linux
import TestSupport
import Testing
import Tree

@Suite("Temporary trees")
struct TemporaryTreeTests {
  @Test("What a killed process left is removed, what is in use or has another name is not")
  func sweeping() throws {
    let place = try TemporaryDirectory()
    let left = "btrfs-delta-tree-0123456789abcdef"
    try run(
      "bash", "-euc",
      """
      cd "$0"; mkdir -p \(left)/a/b "\(left)x" btrfs-delta-tree-; echo 1 >\(left)/a/b/c; echo 2 >\(left)/d
      mkdir btrfs-delta-tree-measurement-2026 btrfs-delta-tree-2222222222222222
      mkdir -m 755 btrfs-delta-tree-3333333333333333; mkdir -m 700 btrfs-delta-tree-4444444444444444
      chmod 700 \(left)* btrfs*; chmod 755 btrfs-delta-tree-3333333333333333
      touch -d '2 hours ago' \(left)* *-measurement-2026 btrfs-delta-tree-3333333333333333
      ln -s / btrfs-delta-tree-fedcba9876543210; echo file >btrfs-delta-tree-1111111111111111
      """, place.path)
    let names = { try Set(run("ls", place.path).split(separator: 10).map { Array($0) }) }
    let kept = [
      "\(left)x", "btrfs-delta-tree-", "btrfs-delta-tree-fedcba9876543210",
      "btrfs-delta-tree-1111111111111111", "btrfs-delta-tree-measurement-2026",
      "btrfs-delta-tree-2222222222222222", "btrfs-delta-tree-3333333333333333",
      "btrfs-delta-tree-4444444444444444",
    ].map { Array($0.utf8) }
    do {
      let first = try TemporaryTree(in: place.path)
      try #expect(names().count == kept.count + 1)
      let second = try TemporaryTree(in: place.path)
      let there = try names()
      #expect(there.count == kept.count + 2 && there.isSuperset(of: kept))
      _ = (try first.directory.status(), try second.directory.status())
    }
    try #expect(names() == Set(kept))
  }
}
