import CommandSupport
import Foundation
import TestSupport
import Testing

@Suite("Exit codes")
struct ExitCodeTableTests {
  @Test("The documented table has every code and name, in order, and no other")
  func table() throws {
    let path = TestImages.directory.appending(path: "../docs/exit-codes.md")
    let rows = try String(contentsOf: path, encoding: .utf8)
      .matches(of: #/\n\| (\d+) \| `(\w+)` \| [^|]+ \| [^|]*\|(?=\n)/#)
      .map { "\($0.1) \($0.2)" }
    #expect(rows == ProgramExit.allCases.map { "\($0.rawValue) \($0)" })
  }

  @Test("No code collides with those of a shell or of a signal")
  func range() {
    for code in ProgramExit.allCases { #expect((0..<126).contains(code.rawValue), "\(code)") }
  }
}
