import Linux
import Testing

@testable import Tree

@Suite("Digests of catalogs")
struct TreeSummaryCatalogTests {
  @Test("A catalog of a directory has the directory's digest, and its totals")
  func same() throws {
    let sample = try SampleTree()
    let walked = try TreeSummary(of: sample.root)
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    #expect(try TreeSummary(of: catalog) == walked)
  }

  @Test("A catalog that says something else has another digest")
  func other() throws {
    let sample = try SampleTree()
    var catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    let walked = try TreeSummary(of: catalog).digest
    catalog.inodes[0].modificationTime.nanoseconds += 1
    let later = try TreeSummary(of: catalog).digest
    #expect(later.content == walked.content && later.full != walked.full)
    catalog.inodes[0].user += 1
    #expect(try TreeSummary(of: catalog).digest.content != walked.content)
  }

  @Test("A file that is not as long as the catalog says is noticed")
  func stale() throws {
    let sample = try SampleTree()
    let catalog = try TreeCatalog(of: TreeRoot(sample.root.duplicate()))
    for text in ["longer than before", "x"] {
      try sample.makeFile("first", text, in: sample.root)
      let error = #expect(throws: SystemError.self) { try TreeSummary(of: catalog) }
      #expect(error?.errno == .stale)
    }
  }
}
