import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing
import Tree

@Suite("Trees on btrfs", .btrfs)
final class TreeOnBtrfsTests {
  let mount = BtrfsFixture.current
  let top: Descriptor

  init() throws { top = try mount.open() }

  /// A subvolume with one nested in it, and a snapshot of it.
  private func makeTrees() throws {
    try Subvolume.create("tree", in: top)
    let tree = try top.open(beneath: "tree")
    try tree.makeDirectory("lib")
    try tree.makeDirectory("empty")
    let lib = try tree.open(beneath: "lib")
    try Subvolume.create("machines", in: lib)
    let nested = try lib.open(beneath: "machines")
    try nested.makeDirectory("never seen")
    try tree.makeNode("null", type: .characterDevice, device: 0x103)
    try Subvolume.snapshot(of: tree, as: "snapshot", in: top, readOnly: true)
  }

  @Test("A nested subvolume and what stands for it in a snapshot are left out")
  func nested() throws {
    try makeTrees()
    let tree = try TreeSummary(of: top.open(beneath: "tree"))
    let snapshot = try TreeSummary(of: top.open(beneath: "snapshot"))
    #expect(tree.leftOut == [Array("lib/machines".utf8)])
    #expect(snapshot.leftOut == tree.leftOut)
    #expect(snapshot.digest == tree.digest)
    #expect(tree.totals.entries == 4)
    let placeholder = try top.open(beneath: "snapshot/lib").status(of: "machines")
    #expect(placeholder.inode == Subvolume.placeholderInode)
    #expect(
      try TreeComparison(of: top.open(beneath: "tree"), and: top.open(beneath: "snapshot")).isSame)
  }

  @Test("A mount, also of the same file system, is left out")
  func mounts() throws {
    try makeTrees()
    let before = try TreeSummary(of: top.open(beneath: "snapshot"))
    let tree = mount.path + "/tree"
    try run("mount", "--bind", tree + "/lib", tree + "/empty")
    defer { try? unmount(tree + "/empty") }
    let summary = try TreeSummary(of: top.open(beneath: "tree"))
    #expect(summary.leftOut == [Array("empty".utf8), Array("lib/machines".utf8)])
    #expect(summary.digest != before.digest)
  }

  @Test("Owner and device change both digests, trusted attributes and inode flags neither")
  func privileged() throws {
    try makeTrees()
    let tree = try top.open(beneath: "tree")
    let time = try tree.status().modificationTime
    var digest = try TreeSummary(of: tree).digest
    func expect(_ changes: Bool, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let now = try TreeSummary(of: tree).digest
      #expect((now.content != digest.content) == changes, sourceLocation: sourceLocation)
      #expect((now.full != digest.full) == changes, sourceLocation: sourceLocation)
      digest = now
    }
    try tree.setOwner(of: "null", user: 1, group: 0)
    try expect(true)
    try tree.setOwner(of: "null", user: 1, group: 1)
    try expect(true)
    let status = try tree.status(of: "null")
    try tree.unlink("null")
    try tree.makeNode("null", type: .characterDevice, device: 0x105)
    let node = try tree.open(beneath: "null", [.path, .noFollow])
    try node.setOwner(user: 1, group: 1)
    try node.setPermissions(status.permissions)
    try node.setTimes(modification: status.modificationTime)
    try tree.setTimes(modification: time)
    try expect(true)
    let value: [UInt8] = [1]
    try node.setAttribute("trusted.x", to: value.rawSpan)
    try expect(false)
    let lib = try tree.open(beneath: "lib")
    try lib.setInodeFlags(lib.inodeFlags().union(.noCopyOnWrite))
    try expect(false)
    try node.setAttribute("security.x", to: value.rawSpan)
    try expect(true)
  }

  @Test("A copy through tar has the content, one that keeps times has all")
  func copies() throws {
    // A real tree with many kinds of names and links.
    let source = try Descriptor.open("/etc", .directory)
    let expected = try TreeSummary(of: source)
    #expect(expected.totals.entries > 50)
    try run("cp", "-a", "/etc", mount.path + "/copied")
    let copied = try top.open(beneath: "copied")
    let comparison = try TreeComparison(of: source, and: copied)
    #expect(comparison.differences == [])
    #expect(try TreeSummary(of: copied).digest == expected.digest)
    try run(
      "sh", "-c",
      "cd /etc && tar c --format=gnu . | (mkdir \(mount.path)/tar && tar xp -C \(mount.path)/tar)")
    let unpacked = try TreeSummary(of: top.open(beneath: "tar")).digest
    #expect(unpacked.content == expected.digest.content)
    #expect(unpacked.full != expected.digest.full)
  }
}
