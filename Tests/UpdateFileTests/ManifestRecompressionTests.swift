import Bytes
import TestSupport
import Testing
import UpdateFile

@Suite("What a manifest says of opened files")
struct ManifestRecompressionTests {
  private static func sample() throws -> Manifest {
    var manifest = try Manifest.sample()
    manifest.requiredFeatures = [1, 3]
    manifest.recompression = Manifest.Recompression(
      memory: 123_456, room: 789_012, seconds: 34,
      samples: [
        Manifest.RecipeSample(recipe: [1, 2, 3], fingerprint: 0x0102_0304_0506_0708),
        Manifest.RecipeSample(recipe: [2, 0], fingerprint: 9),
      ])
    return manifest
  }

  @Test("It is written and read, as the format says")
  func roundTrip() throws {
    let manifest = try Self.sample()
    let bytes = try manifest.encoded()
    #expect(try readManifest(bytes) == manifest)
    let attributes = Attributes(bytes).list.filter { (0x8043...0x8046).contains($0.number) }
    #expect(attributes.map(\.number) == [0x8043, 0x8044, 0x8045, 0x8046])
    #expect(attributes.map(\.value.count) == [8, 8, 4, 23])
    #expect(
      attributes[3].value == [8, 7, 6, 5, 4, 3, 2, 1, 3, 1, 2, 3, 9, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0])
    var none = manifest
    none.recompression?.samples = []
    #expect(try readManifest(none.encoded()) == none)
  }

  @Test("It and its feature go together")
  func feature() throws {
    var manifest = try Self.sample()
    manifest.requiredFeatures = [1]
    #expect(throws: UpdateFileError.self) { try manifest.encoded() }
    manifest = try Self.sample()
    manifest.recompression = nil
    #expect(throws: UpdateFileError.missingAttribute(.recompressMemory)) { try manifest.encoded() }
  }

  @Test("Recipes ascend, are short, and not too many")
  func recipes() throws {
    let good = try Self.sample()
    for samples: [[UInt8]] in [
      [[2, 0], [1]], [[1], [1]], [[]], [[UInt8](repeating: 1, count: 65)],
      (0...512).map { [UInt8($0 >> 8), UInt8($0 & 255)] },
    ] {
      var manifest = good
      manifest.recompression?.samples = samples.map {
        Manifest.RecipeSample(recipe: $0, fingerprint: 1)
      }
      #expect(throws: UpdateFileError.self) { try manifest.encoded() }
    }
    var manifest = good
    manifest.recompression?.samples = (0..<512).map {
      Manifest.RecipeSample(recipe: [UInt8($0 >> 8), UInt8($0 & 255)], fingerprint: 1)
    }
    #expect(try readManifest(manifest.encoded()) == manifest)
  }

  @Test("Cut anywhere, or with any bit flipped, it is refused or says something else")
  func damage() throws {
    let manifest = try Self.sample()
    let bytes = try manifest.encoded()
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(throws: UpdateFileError.self) { try Manifest(parsing: cut.rawSpan) }
    }
    for bit in 0..<(8 * bytes.count) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect((try? Manifest(parsing: flipped.rawSpan)) != manifest)
    }
  }
}
