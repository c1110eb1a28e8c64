import Linux
import Testing

@testable import Tree

@Suite("Digests of catalogs")
struct TreeSummaryCatalogTests {
  @Test("A catalog of a directory has the directory's digest")
  func same() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    #expect(try TreeSummary(of: catalog) == TreeSummary(of: sample.root))
  }

  @Test("What the catalog says counts, and not what the directory has")
  func differs() throws {
    let sample = try SampleTree()
    var catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    catalog.inodes[1].user = 12_345
    let changed = try TreeSummary(of: catalog).digest
    let walked = try TreeSummary(of: sample.root).digest
    #expect(changed.content != walked.content)
    #expect(changed.full != walked.full)
  }

  @Test("A file that is longer than the catalog says is noticed")
  func changed() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    try sample.makeFile("first", "longer than before", in: sample.root)
    let error = #expect(throws: SystemError.self) { try TreeSummary(of: catalog) }
    #expect(error?.errno == .stale)
  }
}
