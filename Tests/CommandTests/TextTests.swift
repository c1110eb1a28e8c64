import Bytes
import CommandSupport
import Foundation
import TestSupport
import Testing
import UpdateInstaller

@testable import DeltaCommands

@Suite("What commands print and read")
struct TextTests {
  @Test("JSON holds any text, and comes back from another parser as it was")
  func jsonText() throws {
    var random = SeededGenerator.ofTest("JSON texts")
    var texts = [
      "", "\"\\\n\r\t\u{8}\u{c}/", "\u{0}\u{1f}\u{7f}\u{9b}31m", "ü\u{1f600}\u{202e}e\u{301}",
    ]
    texts += (0..<200).map { _ in
      let scalars = (0..<20).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &random))
      }
      return String(String.UnicodeScalarView(scalars))
    }
    for text in texts {
      let printed = JSONValue.object([(text, .string(text))]).text
      let parsed = try JSONSerialization.jsonObject(with: Data(printed.utf8))
      let object = try #require(parsed as? [String: String])
      #expect(Array(object.values) == [text])
      #expect(
        !printed.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
    }
  }

  @Test("JSON holds numbers to the last digit, and keeps the order of members")
  func jsonValues() {
    let value = JSONValue.object([
      ("b", .unsigned(.max)), ("a", .number(.min)),
      ("c", .array([.null, .bool(true), .bool(false)])),
      ("d", .object([])), ("e", .array([])),
    ])
    #expect(
      value.text
        == #"{"b":18446744073709551615,"a":-9223372036854775808,"c":[null,true,false],"d":{},"e":[]}"#
    )
    #expect(value == value)
    #expect(value != .null)
  }

  @Test("Names that are not UTF-8 are hexadecimal, and so never mistaken for another name")
  func jsonNames() {
    #expect(JSONValue.name(Array("a/\u{fc}".utf8)).text == "\"a/\u{fc}\"")
    #expect(JSONValue.name([0x61, 0xff, 0x00]).text == #"{"hex":"61ff00"}"#)
    #expect(JSONValue.name([0xed, 0xa0, 0x80]).text == #"{"hex":"eda080"}"#)
    #expect(JSONValue.name([]).text == "\"\"")
  }

  @Test(
    "Sizes are read with and without units",
    arguments: [
      ("0", 0), ("1", 1), ("1B", 1), ("1k", 1024), ("96M", 96 << 20), ("96MB", 96 << 20),
      ("2GiB", 2 << 30), ("3t", 3 << 40), ("18446744073709551615", UInt64.max),
      ("16777215T", 16_777_215 << 40),
    ] as [(String, UInt64)])
  func sizes(text: String, bytes: UInt64) {
    #expect(ByteCount(text)?.bytes == bytes)
  }

  @Test(
    "What is no size is none",
    arguments: [
      "", "M", "B", "iB", "-1", "+1", " 1", "1 ", "1 M", "1.5M", "5MK", "5KM", "1P", "0x10", "1BM",
      "1BB",
      "18446744073709551616", "16777216T", "1\u{661}", "\u{ff11}",
    ])
  func noSizes(text: String) {
    #expect(ByteCount(text) == nil)
  }

  @Test(
    "Sizes are printed so that they are never more than they are",
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (102_399, "99.9 KiB"),
      (102_400, "100 KiB"), ((1 << 20) - 1, "1023 KiB"), (1 << 20, "1.0 MiB"), (5 << 40, "5.0 TiB"),
      (UInt64.max, "16.0 EiB"),
    ] as [(UInt64, String)])
  func printedSizes(bytes: UInt64, text: String) {
    #expect("\(ByteCount(bytes))" == text)
  }

  @Test("Times are those of another calendar, over all the years that people write")
  func times() {
    let formatter = ISO8601DateFormatter()
    var random = SeededGenerator.ofTest("times")
    var all: [Int64] = [0, -1, 1, 86399, 86400, -86400, -86401, 951_782_399, 951_868_800, 1 << 32]
    all += (0..<500).map { _ in Int64.random(in: -8_000_000_000...250_000_000_000, using: &random) }
    for seconds in all {
      let date = Date(timeIntervalSince1970: TimeInterval(seconds))
      #expect("\(UTCTime(seconds))" == formatter.string(from: date))
    }
  }

  @Test("Times past any calendar print as something, whatever a manifest says")
  func farTimes() {
    for seconds: Int64 in [.min, .min + 1, .max, 1 << 55] {
      #expect("\(UTCTime(seconds))".hasSuffix("Z"))
    }
    #expect("\(UTCTime(.max))" == "292277026596-12-04T15:30:07Z")
  }

  @Test("A text goes to the terminal on one line, and steers nothing")
  func oneLine() {
    #expect(QuotedText.oneLine("plain ü \"x\" \\") == "plain ü \"x\" \\")
    #expect(
      QuotedText.oneLine("a\nb\u{1b}[2J\u{9b}\u{202e}") == "a\\u{a}b\\u{1b}[2J\\u{9b}\\u{202e}")
    #expect(QuotedText.oneLine("\r\n") == "\\u{d}\\u{a}")
  }

  @Test("The device reads versions as the build server writes them")
  func systemVersions() {
    for text in ["0", "41", "18446744073709551615"] {
      #expect(SystemVersion(text).map { "\($0)" } == text)
      #expect(DeviceNames.version(named: "sys_root_v\(text)") == SystemVersion(text))
    }
    for text in ["", "01", "+1", "-1", "1x", " 1", "18446744073709551616", "\u{661}"] {
      #expect(SystemVersion(text) == nil)
    }
  }
}
