import Bytes
import TestSupport
import Testing

@testable import Recompress

@Suite("Deflate data that no known encoder makes")
struct CorrectionTests {
  /// Data that differs from what `recipe` predicts, by corrections made up here.
  private func odd(
    _ recipe: DeflateRecipe, _ corrections: Int, using random: inout SeededGenerator
  ) throws -> [UInt8] {
    var recipe = recipe
    for _ in 0..<corrections {
      TokenCorrections.append(
        .literal(0), gap: UInt64.random(in: 20...400, using: &random),
        to: &recipe.tokenCorrections)
    }
    var block = BlockCorrection()
    block.count = Int.random(in: 1...9000, using: &random)
    block.append(gap: 0, to: &recipe.blockCorrections)
    block.count = Int.random(in: 1...2000, using: &random)
    block.type = .fixed
    block.append(gap: 1, to: &recipe.blockCorrections)
    // Zlib leaves such a block when it is flushed.
    block.count = 0
    block.type = .stored
    block.append(gap: 0, to: &recipe.blockCorrections)
    return try rebuilt(RecipeSample.bytes, Recipe(.deflate(recipe)))
  }

  @Test("Odd tokens and odd blocks are carried as corrections", arguments: [2, 7] as [UInt8])
  func oddTokens(level: UInt8) throws {
    var random = SeededGenerator.ofTest("odd tokens")
    let recipe = DeflateRecipe(
      parameters: DeflateParameters(level: level), policy: .zlib(exponent: 14), trailer: .none)
    let data = try odd(recipe, 40, using: &random)
    let analyser = DeflateAnalyser(source: MemorySpill(data), offset: 0, limits: .init())
    let spill = MemorySpill()
    let result = try #require(try analyser.analyse(hint: nil, ceiling: 1 << 20, into: spill))
    #expect(firstDifference(spill.bytes, RecipeSample.bytes) == nil)
    #expect(result.recipe.parameters.level == level)
    #expect(result.tokenCorrectionCount <= 60)
    #expect(result.recipe.blockCorrections.count < 40)
    let made = try rebuilt(RecipeSample.bytes, Recipe(.deflate(result.recipe)), step: 777)
    #expect(firstDifference(made, data) == nil)
  }

  @Test("A header of another encoder is carried whole")
  func oddHeader() throws {
    // All codes of one length but for the end: no encoder of ours writes that.
    let literals = [UInt8](repeating: 8, count: 255) + [0, 8] + [UInt8](repeating: 0, count: 29)
    var writer = BitWriter()
    writer.write(5, 3)
    let header = Self.flatHeader()
    writer.write(header)
    let codes = CodeLengths.codes(literals)
    for byte in RecipeSample.bytes[..<2000] where byte != 255 {
      writer.write(codes[Int(byte)] >> 5, 8)
    }
    writer.write(codes[256] >> 5, 8)
    writer.align()
    let data = writer.takeBytes()
    let analyser = DeflateAnalyser(source: MemorySpill(data), offset: 0, limits: .init())
    let spill = MemorySpill()
    // Literals only: so many corrections that it is not worth it. But it opens.
    #expect(try analyser.analyse(hint: nil, ceiling: 1 << 20, into: spill) == nil)
    var reader = InflateReader(MemorySpill(data), at: 0)
    guard case .blockBegins(.dynamic, let read) = try reader.next() else {
      Issue.record("no dynamic block")
      return
    }
    var correction = BlockCorrection()
    correction.header = read
    var bytes: [UInt8] = []
    correction.append(gap: 0, to: &bytes)
    var corrections = CorrectionReader(bytes)
    #expect(try corrections.number(atMost: 9) == 0)
    let again = try BlockCorrection(&corrections)
    #expect(again.header?.bits == header)
    #expect(corrections.isAtEnd)
  }

  /// 255 literals and the end of the block with eight bits each, one distance code.
  private static func flatHeader() -> RecordedBits {
    var writer = BitWriter()
    writer.write(0, 5)
    writer.write(0, 5)
    // Lengths 0, 1 and 8 get codes: 8 of one bit, 0 and 1 of two.
    let order = DeflateSymbols.codeLengthOrder
    writer.write(UInt32(18 - 4), 4)
    var lengths = [UInt8](repeating: 0, count: 19)
    (lengths[8], lengths[0], lengths[1]) = (1, 2, 2)
    for symbol in order[..<18] { writer.write(UInt32(lengths[symbol]), 3) }
    let codes = CodeLengths.codes(lengths)
    func put(_ symbol: Int) { writer.write(codes[symbol] >> 5, Int(codes[symbol] & 31)) }
    for symbol in 0..<257 { put(symbol == 255 ? 0 : 8) }
    put(1)
    return writer.recorded()
  }

  @Test("Corrections that do not fit are refused", arguments: 0..<4)
  func misfits(which: Int) throws {
    var recipe = DeflateRecipe(
      parameters: DeflateParameters(level: 6), policy: .gzip, trailer: .none)
    switch which {
    // A token behind the end.
    case 0: TokenCorrections.append(.literal(0), gap: 1 << 40, to: &recipe.tokenCorrections)
    // A match longer than what is left.
    case 1:
      TokenCorrections.append(
        .match(length: 258, distance: 1), gap: 1, to: &recipe.tokenCorrections)
    // A block that does not exist.
    case 2:
      var block = BlockCorrection()
      block.type = .fixed
      block.append(gap: 7, to: &recipe.blockCorrections)
    // More stored bytes than a block can hold.
    default:
      var block = BlockCorrection()
      block.type = .stored
      block.count = 1 << 20
      block.append(gap: 0, to: &recipe.blockCorrections)
    }
    let bytes = which == 3 ? RecipeSample.bytes : Array(RecipeSample.bytes[..<20])
    #expect(throws: RecompressError.self) { try rebuilt(bytes, Recipe(.deflate(recipe))) }
  }
}
