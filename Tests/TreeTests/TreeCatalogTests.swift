import Linux
import Testing

@testable import Tree

@Suite("Catalogs of trees")
struct TreeCatalogTests {
  @Test("Every name is there in order, and names of one inode share it")
  func names() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    var walker = try TreeWalker(sample.root)
    var paths: [[UInt8]] = []
    while let node = try walker.next() { paths.append(node.path) }
    #expect(catalog.entries.map(\.path) == paths)
    let first = try #require(catalog.entries.first { $0.path == Array("first".utf8) })
    let second = try #require(catalog.entries.first { $0.path == Array("second".utf8) })
    #expect(first.inode == second.inode)
    #expect(catalog.inodes[first.inode].linkCount == 2)
    let copy = try #require(catalog.entries.first { $0.path == Array("copy".utf8) })
    #expect(copy.inode != first.inode)
    #expect(catalog.inodes[copy.inode].linkCount == 1)
  }

  @Test("An inode has what the file system says of it")
  func inodes() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    func inode(_ path: String) throws -> TreeInode {
      let entry = try #require(catalog.entries.first { $0.path == Array(path.utf8) })
      return catalog.inodes[entry.inode]
    }
    let x = try inode("a/x")
    #expect((x.type, x.permissions, x.size) == (.regular, 0o4711, 3))
    #expect(x.modificationTime == SampleTree.time)
    #expect(
      x.attributes.map { String(decoding: $0.name, as: UTF8.self) } == [
        "user.a", "user.aa", "user.b",
      ])
    let link = try inode("link")
    #expect((link.permissions, link.size) == (0o777, 0))
    #expect(link.target == Array("a/nowhere".utf8))
    #expect(try inode("pipe").type == .fifo)
    #expect(try inode("").type == .directory)
  }
}

@Suite("Digests of catalogs")
struct TreeCatalogDigestTests {
  @Test("They are those of the directory")
  func same() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    #expect(try TreeSummary(of: catalog) == TreeSummary(of: sample.root))
  }

  @Test("They are of what the catalog says, and a change of a file is noticed")
  func changed() throws {
    let sample = try SampleTree()
    var catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    let summary = try TreeSummary(of: catalog)
    let index = try #require(catalog.entries.first { $0.path == Array("a/x".utf8) }).inode
    catalog.inodes[index].user += 1
    #expect(try TreeSummary(of: catalog).digest.content != summary.digest.content)
    let file = try sample.root.open(beneath: "a/x", .readWrite)
    try file.truncate(to: 100)
    #expect(throws: SystemError.self) { _ = try TreeSummary(of: catalog) }
  }
}
