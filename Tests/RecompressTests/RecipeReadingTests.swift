import Bytes
import TestSupport
import Testing
import XZ
import Zstd

@testable import Recompress

@Suite("Reading recipes and layouts")
struct RecipeReadingTests {
  /// One of each kind.
  static func recipes() -> [Recipe] {
    var deflate = DeflateRecipe(
      parameters: DeflateParameters(level: 9, hashBits: 16, strategy: .filtered),
      policy: .zlib(exponent: 15), trailer: .zlib)
    TokenCorrections.append(
      .match(length: 258, distance: 32768), gap: 300, to: &deflate.tokenCorrections)
    var block = BlockCorrection()
    block.count = 12345
    block.type = .stored
    block.append(gap: 3, to: &deflate.blockCorrections)
    let xz = XZRecipe(
      XZStreamEncoder.Options(
        preset: 9, isExtreme: true, dictionarySize: 64 << 20, branchFilter: .arm64,
        check: .sha256, blocks: .sized(1 << 26)))
    let zstd = ZstdRecipe(
      ZstdStreamEncoder.Options(
        level: -5, hasChecksum: true, contentSize: 1 << 40, isMultithreaded: true,
        longWindowLog: 27))
    return [Recipe(.deflate(deflate)), Recipe(.xz(xz)), Recipe(.zstd(zstd))]
  }

  static func layout() -> FileLayout {
    let recipes = recipes()
    let inner = Region(offset: 5, length: 100, openedLength: 1000, recipe: recipes[1])
    return FileLayout(
      length: 10_000,
      regions: [
        Region(offset: 7, length: 300, openedLength: 0, recipe: recipes[2]),
        Region(offset: 400, length: 200, openedLength: 5000, recipe: recipes[0], inner: [inner]),
      ])
  }

  @Test("What is written is read")
  func roundTrip() throws {
    for recipe in Self.recipes() {
      let bytes = recipe.bytes
      #expect(try Recipe(bytes.rawSpan) == recipe)
      #expect(recipe.kind == RecipeKind(rawValue: bytes[0]))
    }
    let bytes = Self.layout().bytes
    let layout = try FileLayout(bytes.rawSpan)
    #expect(layout == Self.layout())
    #expect(layout.viewLength == 10_000 - 500 + 5000 - 100 + 1000)
  }

  @Test("Cut anywhere, or with a byte too many, it is refused")
  func cut() {
    for bytes in Self.recipes().map(\.bytes) {
      for count in 0..<bytes.count {
        let part = Array(bytes[..<count])
        #expect(throws: RecompressError.self) { try Recipe(part.rawSpan) }
      }
      let more = bytes + [0]
      #expect(throws: RecompressError.self) { try Recipe(more.rawSpan) }
    }
    let bytes = Self.layout().bytes
    for count in 0..<bytes.count {
      let part = Array(bytes[..<count])
      #expect(throws: RecompressError.self) { try FileLayout(part.rawSpan) }
    }
  }

  @Test("With any bit flipped it is refused, or is another one with a spelling of its own")
  func flipped() throws {
    let bytes = Self.layout().bytes
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let read = try? FileLayout(flipped.rawSpan) else { continue }
      #expect(read != Self.layout())
      #expect(read.bytes == flipped)
    }
  }

  @Test("An unknown number, and lengths that lie, are refused")
  func lies() {
    let unknown: [UInt8] = [99, 0]
    #expect(throws: RecompressError.unknownRecipe(number: 99)) { try Recipe(unknown.rawSpan) }
    var layout = Self.layout()
    layout.regions[0].length = 400
    let overlapping = layout.bytes
    #expect(throws: RecompressError.self) { try FileLayout(overlapping.rawSpan) }
    layout = Self.layout()
    layout.length = 500
    let short = layout.bytes
    #expect(throws: RecompressError.self) { try FileLayout(short.rawSpan) }
    layout = Self.layout()
    layout.regions[1].inner[0].offset = 4950
    let outside = layout.bytes
    #expect(throws: RecompressError.self) { try FileLayout(outside.rawSpan) }
  }

  @Test("Regions deeper than allowed are refused")
  func deep() throws {
    let recipe = Self.recipes()[1]
    var region = Region(offset: 0, length: 10, openedLength: 20, recipe: recipe)
    for depth in 2...(FileLayout.deepest + 1) {
      region = Region(offset: 1, length: 15, openedLength: 100, recipe: recipe, inner: [region])
      let bytes = FileLayout(length: 50, regions: [region]).bytes
      if depth <= FileLayout.deepest {
        _ = try FileLayout(bytes.rawSpan)
      } else {
        #expect(throws: RecompressError.self) { try FileLayout(bytes.rawSpan) }
      }
    }
  }
}
