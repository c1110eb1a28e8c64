import Foundation
import Testing

@Suite("The list of faults")
struct FaultListTests {
  private let project = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

  /// The lines of the tables that begin with a number.
  private func rows() throws -> [(number: Int, proof: Substring)] {
    let list = project.appending(path: "docs/faults.md")
    return try String(contentsOf: list, encoding: .utf8).split(separator: "\n").compactMap {
      let cells = $0.split(separator: "|", omittingEmptySubsequences: false)
      guard cells.count > 4, let number = Int(cells[1].filter { $0 != " " }) else { return nil }
      return (number, cells[cells.count - 2])
    }
  }

  @Test("It has all 46, each with a proof")
  func complete() throws {
    let rows = try rows()
    #expect(rows.map(\.number) == Array(1...46))
    for row in rows {
      #expect(row.proof.contains { $0 == "\"" } || row.proof.contains("the same"), "\(row.number)")
    }
  }

  @Test("Every test that it names is there")
  func names() throws {
    let tests = project.appending(path: "Tests")
    let files = try #require(
      FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
    var text = ""
    for case let file as URL in files where file.pathExtension == "swift" {
      text += try String(contentsOf: file, encoding: .utf8)
    }
    var count = 0
    for row in try rows() {
      // What is between quotation marks is every second part.
      let parts = row.proof.split(separator: "\"", omittingEmptySubsequences: false)
      for index in stride(from: 1, to: parts.count, by: 2) {
        count += 1
        #expect(text.contains("\"\(parts[index])\""), "\(row.number): \(parts[index])")
      }
    }
    #expect(count > 50)
  }
}
