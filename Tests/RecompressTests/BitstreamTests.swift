import Bytes
import TestSupport
import Testing

@testable import Recompress

@Suite("Bitstreams of LLVM")
struct BitstreamTests {
  /// Bitcode of some functions, as clang makes it.
  private static func bitcode(functions: Int, _ options: [String]) throws -> [UInt8] {
    var source = "struct s { int a; char b[7]; }; extern int other(struct s *, const char *);\n"
    for index in 0..<functions {
      source += """
        int f\(index)(struct s *s, int n) {
          for (int i = 0; i < n; i++) s->a += other(s, "text \(index * 7919)") ^ i << \(index % 30);
          return s->a > \(index * 1_000_003) ? s->b[\(index % 7)] : n;
        }

        """
    }
    let outcome = try ExternalProgram.run(
      "clang", options + ["-c", "-emit-llvm", "-x", "c", "file", "-o", "-"],
      files: ["file": Array(source.utf8)])
    try #require(outcome.status == 0)
    return outcome.output
  }

  @Test(
    "What clang makes comes back",
    arguments: [["-O0"], ["-O2"], ["-O2", "-g"], ["-O2", "-flto=thin"], ["-O1", "-flto"]])
  func clang(options: [String]) throws {
    let made = try Self.bitcode(functions: 40, options)
    let file = [1, 2, 3] + made + [0xBC, 0, 0]
    let analysis = try analysed(file)
    let region = try #require(analysis.layout.regions.first)
    #expect((region.recipe.kind, region.offset) == (.bitstream, 3))
    #expect(region.length == UInt64(made.count))
    for step in [1, 999, 1 << 20] {
      #expect(try firstDifference(rebuilt(file, analysis.layout, step: step), file) == nil)
    }
  }

  @Test("Numbers are spelled as the format says")
  func golden() throws {
    // Magic; block 8 with numbers of 3 bits, of 2 words; an abbreviation: an array of 7 bits each; three such
    // numbers; a plain record with code 1 and the number 300; the end.
    let opened: [UInt8] =
      BitstreamReader.magic + [1, 8, 3, 3] + [2, 2, 0, 3, 0, 1, 7] + [4, 3, 1, 2, 127]
      + [3, 1, 1, 0xac, 2] + [0]
    let file = try rebuilt(opened, Recipe(.bitstream))
    // 01 in two bits, 8 in eight, 3 in four; from the next word on its length. Then bits, the lowest first:
    // 010 00010(5) 0 011 0 001 00111(5); 100 000011(6) 0000001 0000010 1111111; 011 000001 000001
    // 300 = 9 * 32 + 12: 101100 001001; 000.
    var bits = Bits()
    bits.add([(1, 2), (8, 8), (3, 4)])
    bits.align()
    bits.add([(3, 32), (2, 3), (2, 5), (0, 1), (3, 3), (0, 1), (1, 3), (7, 5)])
    bits.add([(4, 3), (3, 6), (1, 7), (2, 7), (127, 7)])
    bits.add([(3, 3), (1, 6), (1, 6), (44, 6), (9, 6), (0, 3)])
    bits.align()
    #expect(file == BitstreamReader.magic + bits.bytes)
    #expect(file.count == 24)
    let layout = try analysed(file, limits: RecompressLimits(shortest: 1)).layout
    #expect(layout.regions.map(\.length) == [24])
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    #expect(try view.bytes(at: 0, count: 100) == opened)
  }

  @Test("One cut or flipped in many places is left alone, or comes back")
  func damage() throws {
    let file = try Self.bitcode(functions: 2, ["-O1"])
    let limits = RecompressLimits(shortest: 1)
    for length in stride(from: 0, to: file.count, by: 61) {
      let cut = Array(file[..<length])
      let layout = try analysed(cut, limits: limits).layout
      #expect(try firstDifference(rebuilt(cut, layout), cut) == nil)
    }
    for bit in stride(from: 32, to: file.count * 8, by: 97) {
      var flipped = file
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      let layout = try analysed(flipped, limits: limits).layout
      #expect(try firstDifference(rebuilt(flipped, layout), flipped) == nil, "bit \(bit)")
    }
  }

  @Test("Opened bytes that are no bitstream are refused")
  func hostile() throws {
    let magic = BitstreamReader.magic
    let block: [UInt8] = [1, 8, 3, 0]
    let wrong: [[UInt8]] = [
      [], [0x42], magic + [1], magic + [0], magic + [2], magic + [1, 8, 1, 0],
      magic + [1, 8, 33, 0],
      magic + block + [8],
      // No such abbreviation; none of no operands; an array of nothing, of arrays; bytes not last.
      magic + block + [4], magic + block + [2, 0], magic + block + [2, 1, 0, 3],
      magic + block + [2, 2, 0, 3, 0, 3], magic + block + [2, 2, 0, 5, 0, 4],
      // Of one bit in groups, of 33, of an encoding that is none.
      magic + block + [2, 1, 0, 2, 1], magic + block + [2, 1, 0, 1, 33],
      magic + block + [2, 1, 0, 6],
      // Abbreviations for blocks of no kind.
      magic + [1, 0, 3, 0, 2, 1, 0, 4], magic + [1, 0, 3, 0, 4],
      // Numbers longer than theirs, longer than any, cut.
      magic + [1, 8, 3, 0x80, 0x80, 0x80, 0x80, 0x10],
      magic + block + [3, 0xff] + [UInt8](repeating: 0xff, count: 10),
      magic + block + [3, 1, 5, 1], magic + block + [3, 1, 1, 1, 0, 9],
    ]
    for opened in wrong {
      #expect(throws: RecompressError.self, "\(opened)") {
        try rebuilt(opened, Recipe(.bitstream))
      }
    }
    let deep = magic + (0..<33).flatMap { _ in block }
    #expect(throws: RecompressError.self) { try rebuilt(deep, Recipe(.bitstream)) }
    let many = magic + block + (0..<1025).flatMap { _ in [2, 1, 0, 4] as [UInt8] }
    #expect(throws: RecompressError.self) { try rebuilt(many, Recipe(.bitstream)) }
  }

  @Test("The recipe has no settings, and the sample shows that it works")
  func recipe() throws {
    let bytes: [UInt8] = [4]
    let recipe = try Recipe(bytes.rawSpan)
    #expect(recipe.bytes == [4])
    #expect(recipe.library == nil)
    let longer: [UInt8] = [4, 0]
    #expect(throws: RecompressError.badRecipe(offset: 1)) { try Recipe(longer.rawSpan) }
    let fingerprint = try RecipeSelfTest.fingerprint(of: recipe)
    #expect(RecipeSelfTest.builtIn.contains { $0 == (recipe, fingerprint) })
  }
}

/// Bits, the lowest first.
private struct Bits {
  var bytes: [UInt8] = []
  private var count = 0

  mutating func add(_ numbers: [(value: UInt64, width: Int)]) {
    for (value, width) in numbers {
      for bit in 0..<width {
        if count % 8 == 0 { bytes.append(0) }
        bytes[count / 8] |= UInt8(value >> UInt64(bit) & 1) << UInt8(count % 8)
        count += 1
      }
    }
  }

  mutating func align() { while count % 32 != 0 { add([(0, 1)]) } }
}
