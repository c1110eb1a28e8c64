import Bytes
import TestSupport
import Testing

@testable import Recompress

/// What zlib 1.2.13 makes of the sample: printed by TestImages/recompress/make-sums.py.
@Suite("The choices of zlib")
struct ZlibSumsTests {
  private static let sums:
    [(level: UInt8, memory: UInt8, strategy: DeflateParameters.Strategy, count: Int, crc: UInt32)] =
      [
        (1, 8, .standard, 86624, 0x6d6f44da),
        (2, 8, .standard, 86260, 0x6f543b99),
        (3, 8, .standard, 85957, 0x2a547c69),
        (4, 8, .standard, 82629, 0x0edf7b5f),
        (5, 8, .standard, 82299, 0x3850dbd7),
        (6, 8, .standard, 82266, 0x21208538),
        (7, 8, .standard, 82260, 0xe8ecf5e8),
        (8, 8, .standard, 81240, 0x5f6acc9e),
        (9, 8, .standard, 81240, 0x5f6acc9e),
        (1, 1, .standard, 104285, 0x0c9bbef8),
        (1, 3, .standard, 87662, 0x5bc1f9c6),
        (1, 9, .standard, 86598, 0x460c5201),
        (6, 1, .standard, 82822, 0x885a2e46),
        (6, 3, .standard, 79898, 0xb033a2b3),
        (6, 9, .standard, 82311, 0x43092425),
        (9, 1, .standard, 81523, 0x980cef83),
        (9, 3, .standard, 79408, 0xdf1200ce),
        (9, 9, .standard, 81254, 0x21037dab),
        (3, 8, .filtered, 85957, 0x2a547c69),
        (6, 8, .filtered, 83588, 0x96102469),
        (9, 8, .filtered, 82917, 0x749afa13),
      ]

  @Test("The sample is what it was when the sums were made")
  func sampleIsAsItWas() {
    var crc = CRC32()
    let sample = RecipeSample.bytes
    crc.update(sample.rawSpan)
    #expect(crc.value == 0xdb15_3b41)
  }

  @Test("Every level, memory level and strategy gives zlib's bytes", arguments: sums.indices)
  func givesTheSameBytes(index: Int) throws {
    let sum = Self.sums[index]
    let recipe = DeflateRecipe(
      parameters: DeflateParameters(
        level: sum.level, hashBits: sum.memory + 7, strategy: sum.strategy),
      policy: .zlib(exponent: sum.memory + 6), trailer: .none)
    let made = try rebuilt(RecipeSample.bytes, Recipe(.deflate(recipe)))
    var crc = CRC32()
    crc.update(made.rawSpan)
    #expect(made.count == sum.count)
    #expect(crc.value == sum.crc)
  }
}
