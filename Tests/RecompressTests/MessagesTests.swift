import Bytes
import TestSupport
import Testing

@testable import Recompress

@Suite("Message catalogs of gettext")
struct MessagesTests {
  /// A catalog with so many messages, the header among them, as msgfmt makes it.
  private static func catalog(_ count: Int, _ options: [String] = []) throws -> [UInt8] {
    var text = """
      msgid ""
      msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=n != 1;\\n"

      """
    for index in 1..<max(count, 1) {
      switch index % 5 {
      case 1:
        text += "msgid \"%d file \(index)\"\nmsgid_plural \"%d files \(index)\"\n"
        text += "msgstr[0] \"%d Datei\"\nmsgstr[1] \"%d Dateien \(index * 31)\"\n\n"
      case 2: text += "msgctxt \"menu\"\nmsgid \"Open \(index)\"\nmsgstr \"Öffnen\"\n\n"
      default: text += "msgid \"text \(index * 7919)\"\nmsgstr \"Übersetzung \(index)\"\n\n"
      }
    }
    let outcome = try ExternalProgram.run(
      "msgfmt", options + ["-o", "-", "file"], files: ["file": Array(text.utf8)])
    try #require(outcome.status == 0)
    return outcome.output
  }

  @Test("What msgfmt makes comes back", arguments: Array(2...40) + [200, 3001])
  func msgfmt(count: Int) throws {
    for options in [[], ["--no-hash"]] {
      let made = try Self.catalog(count, options)
      let file = [9, 9, 9] + made + [0xde, 0x12, 4]
      let analysis = try analysed(file, limits: .init(shortest: 1))
      let region = try #require(analysis.layout.regions.first)
      #expect(region.recipe == Recipe(.messages(hasHashTable: options.isEmpty)))
      #expect((region.offset, region.length) == (3, UInt64(made.count)))
    }
  }

  @Test("Catalogs that are put together otherwise are left alone")
  func others() throws {
    for options in [["--alignment=8"], ["--endianness=big"]] {
      let made = try Self.catalog(30, options)
      let analysis = try analysed(made)
      #expect(analysis.layout.regions.isEmpty)
    }
    // A string with the byte that stands for a zero.
    var made = try Self.catalog(30)
    made[made.count - 3] = 1
    #expect(try analysed(made).layout.regions.isEmpty)
  }

  @Test("Tables and strings are where the manual has them")
  func golden() throws {
    let view = Array("a\0b\u{1}bs\0A\0B\u{1}Bs\0".utf8)
    let made = try rebuilt(view, Recipe(.messages(hasHashTable: true)))
    // Two strings: four thirds of them, odd, and not 3: a table of 5. "a" is 97: entry 2. "b" is 98: entry 3.
    let numbers: [UInt32] = [
      0x9504_12de, 0, 2, 28, 44, 5, 60,
      1, 80, 4, 82, 1, 87, 4, 89,
      0, 0, 1, 2, 0,
    ]
    var expected: [UInt8] = []
    for number in numbers { expected.append(littleEndian: number) }
    expected += Array("a\0b\0bs\0A\0B\0Bs\0".utf8)
    #expect(made == expected)
    let plain = try rebuilt(view, Recipe(.messages(hasHashTable: false)))
    #expect(plain.count == expected.count - 20)
    #expect(try MessagesReader(MemorySpill(made), at: 0).opened == view)
    #expect(try MessagesReader(MemorySpill(plain), at: 0).opened == view)
  }

  @Test("Opened bytes that are no catalog are refused")
  func wrongViews() throws {
    let recipe = Recipe(.messages(hasHashTable: true))
    for view in ["", "a", "a\0", "a\0b\0c\0", "a\0b\0c"] {
      #expect(throws: RecompressError.self) { try rebuilt(Array(view.utf8), recipe) }
    }
    let long = [UInt8](repeating: 0, count: MessageCatalog.mostBytes)
    #expect(throws: RecompressError.self) { try rebuilt(long, recipe, step: 1 << 20) }
    #expect(throws: RecompressError.self) { try rebuilt(long + [0, 0], recipe, step: 1 << 20) }
  }

  /// Without a bound it would look at ten thousand million entries.
  @Test("Strings that all lead to one entry of the hash table are refused")
  func collisions() throws {
    let same = [UInt8](repeating: 0, count: 300_000)
    #expect(throws: RecompressError.self) {
      try rebuilt(same, Recipe(.messages(hasHashTable: true)), step: 1 << 20)
    }
    // Without the table there is nothing to look for.
    #expect(
      try rebuilt(same, Recipe(.messages(hasHashTable: false)), step: 1 << 20).count > 300_000)
  }

  @Test("A catalog that is cut, or of which any bit is wrong, comes back or is left alone")
  func damage() throws {
    let made = try Self.catalog(12)
    for count in 0..<made.count {
      let cut = Array(made.prefix(count))
      #expect(throws: RecompressError.self) { try MessagesReader(MemorySpill(cut), at: 0) }
    }
    for bit in 0..<(8 * 28 + 8 * 16 * 12) {
      var wrong = made
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try analysed(wrong, limits: .init(shortest: 1))
    }
  }
}
