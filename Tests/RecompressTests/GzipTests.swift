import Bytes
import TestSupport
import Testing

@testable import Recompress

@Suite("What gzip(1) makes")
struct GzipTests {
  @Test("Each way to search comes back, without a correction", arguments: [1, 3, 6, 9])
  func levels(level: Int) throws {
    let file = try compressed(RecipeSample.bytes, by: "gzip", ["-n", "-\(level)"])
    let analysis = try analysed(file)
    let region = try #require(analysis.layout.regions.first)
    #expect(analysis.layout.regions.count == 1)
    #expect(region.offset == 10 && region.length == UInt64(file.count - 10))
    let recipe = try #require(region.deflateRecipe)
    #expect(recipe.trailer == .gzip)
    #expect(recipe.policy == .gzip)
    #expect(recipe.tokenCorrections == [])
    #expect(recipe.blockCorrections == [])
  }

  @Test("So do empty, short and even bytes", arguments: [0, 1, 2, 3, 4, 300, 70_000])
  func shortFiles(count: Int) throws {
    for bytes in [RecipeSample.make(count: count), [UInt8](repeating: 7, count: count)] {
      let file = try compressed(bytes, by: "gzip", ["-9"])
      let analysis = try analysed(file, limits: RecompressLimits(shortest: 1))
      #expect(analysis.layout.regions.map(\.openedLength) == [UInt64(count)])
    }
  }

  @Test("Bytes that do not compress are stored, and come back")
  func noise() throws {
    var random = SeededGenerator.ofTest("noise")
    let noise = random.bytes(200_000)
    let file = try compressed(noise, by: "gzip", ["-n"])
    let region = try #require(try analysed(file).layout.regions.first)
    #expect(region.recipe.bytes.count < 16)
    let mixed = noise[..<70_000] + RecipeSample.bytes + noise[70_000...]
    let mixedFile = try compressed(Array(mixed), by: "gzip", ["-n"])
    let mixedRegion = try #require(try analysed(mixedFile).layout.regions.first)
    #expect(mixedRegion.recipe.bytes.count < 64)
  }

  @Test("Names and comments in the head, bytes around and several members are raw parts")
  func around() throws {
    let one = try compressed(RecipeSample.make(count: 20_000), by: "gzip", ["-N"])
    let file = RecipeSample.make(count: 777) + one + one + [0x1f, 0x8b, 8, 0]
    let analysis = try analysed(file)
    #expect(analysis.layout.regions.count == 2)
    #expect(analysis.layout.viewLength > 40_000)
  }

  @Test("A wrong checksum is a raw part")
  func wrongTrailer() throws {
    var file = try compressed(RecipeSample.make(count: 20_000), by: "gzip", ["-n"])
    file[file.count - 5] ^= 1
    let region = try #require(try analysed(file).layout.regions.first)
    #expect(region.deflateRecipe?.trailer == DeflateRecipe.Trailer.none)
  }

  @Test("A file cut anywhere is no region, or comes back")
  func cut() throws {
    let file = try compressed(RecipeSample.make(count: 700), by: "gzip", ["-n"])
    for count in 0..<file.count {
      let analysis = try analysed(Array(file[..<count]))
      // Without its checksum alone it is still whole.
      #expect(analysis.layout.regions.count == (count >= file.count - 8 ? 1 : 0))
    }
  }

  @Test("A file with any bit flipped is no region, or comes back")
  func flipped() throws {
    let file = try compressed(RecipeSample.make(count: 400), by: "gzip", ["-n"])
    for bit in 0..<(file.count * 8) {
      var flipped = file
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try analysed(flipped)
    }
  }
}
