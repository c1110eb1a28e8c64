import Configuration
import TestSupport
import Testing

@Suite("Configuration files")
struct ParsingTests {
  private func parse(_ text: String) throws(ConfigurationError) -> [ConfigurationAssignment] {
    try ConfigurationFile(parsing: Array(text.utf8), path: "f").assignments
  }

  private func flaw(_ bytes: [UInt8]) -> String? {
    do throws(ConfigurationError) {
      _ = try ConfigurationFile(parsing: bytes, path: "f")
      return nil
    } catch {
      if case .syntax(let place, let flaw) = error { return "\(place.line) \(flaw)" }
      return "\(error)"
    }
  }

  @Test("Assignments come in order, with section, value and line")
  func assignments() throws {
    let all = try parse(
      """
      # comment
      ; comment too
      [One]
      Key = a value\u{20}\u{20}

      \tOther=x=y # no comment
      [Two]
      Key=\r
      """)
    #expect(all.map(\.section) == ["One", "One", "Two"])
    #expect(all.map(\.key) == ["Key", "Other", "Key"])
    #expect(all.map(\.value) == ["a value", "x=y # no comment", ""])
    #expect(all.map(\.place.line) == [4, 6, 8])
  }

  @Test("An empty file says nothing", arguments: ["", "\n\n", "# only this", "[Section]"])
  func empty(_ text: String) throws {
    #expect(try parse(text).isEmpty)
  }

  @Test(
    "A wrong line is named",
    arguments: [
      ("[A]\nKey", "2 noAssignment"), ("Key=1", "1 noSection"), ("[A\nKey=1", "1 badSection"),
      ("[]\n", "1 badSection"), ("[A B]", "1 badSection"), ("[A]]", "1 badSection"),
      ("[A]\n=1", "2 badKey"), ("[A]\nK y=1", "2 badKey"), ("[A]\nK1=1", "2 badKey"),
      ("[", "1 badSection"), ("[A]\nKey=\u{1}", "2 notText"), ("[A]\nKey=\u{7f}", "2 notText"),
    ])
  func wrongLine(_ text: String, _ expected: String) {
    #expect(flaw(Array(text.utf8)) == expected)
  }

  @Test("What is not UTF-8 is refused, whatever byte it is")
  func notUTF8() {
    for byte in UInt8(0x80)...0xff {
      #expect(flaw(Array("[A]\nK=".utf8) + [byte]) == "2 notText")
    }
  }

  @Test("64 KiB are read, one byte more is not")
  func length() {
    let full = Array("[A]\n".utf8) + Array(repeating: UInt8(ascii: "#"), count: (64 << 10) - 4)
    #expect(flaw(full) == nil)
    #expect(flaw(full + [10]) == "\"f\" is longer than 65536 bytes")
  }

  @Test("Random bytes are a list of assignments or an error, and never anything else")
  func random() {
    var generator = SeededGenerator.ofTest("configuration")
    let alphabet = Array("[]=#;AbK \t\n\r\"\\\0\u{fe}".utf8)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<60, using: &generator)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
      }
      guard let file = try? ConfigurationFile(parsing: bytes, path: "f") else { continue }
      for one in file.assignments {
        #expect(!one.section.isEmpty && !one.key.isEmpty)
        #expect(!one.value.hasPrefix(" ") && !one.value.hasSuffix(" "))
      }
    }
  }
}
