import Bytes
import Compression
import TestSupport
import Testing

@Suite("Decompressing LZO extents")
struct LZOTests {
  static let kinds: [(ExtentCompression, Int)] = [
    (.lzo4K, 4096), (.lzo8K, 8192), (.lzo16K, 16384), (.lzo32K, 32768), (.lzo64K, 65536),
  ]

  @Test("Every instruction gives what it stands for, and the rest is zeros")
  func instructions() throws {
    var random = SeededGenerator.ofTest("LZOTests.instructions")
    for round in 0..<300 {
      let (kind, sector) = Self.kinds[round % Self.kinds.count]
      let sample = LZOSample(upTo: sector, using: &random)
      let extent = LZOSample.extent([sample.bytes], sector: sector)
      let padding = [UInt8](repeating: 0, count: Int.random(in: 0...50, using: &random))
      let found = try decompress(extent + padding, kind, length: sector).get()
      let zeros = [UInt8](repeating: 0, count: sector - sample.plain.count)
      #expect(firstDifference(found, sample.plain + zeros) == nil)
    }
  }

  @Test("Segments follow each other, with padding where a length would cross sectors")
  func segments() throws {
    var random = SeededGenerator.ofTest("LZOTests.segments")
    let literals = { (count: Int, byte: UInt8) -> [UInt8] in
      // One run of literals, and the end.
      var rest = count - 18
      var bytes: [UInt8] = [0]
      while rest > 255 { (bytes, rest) = (bytes + [0], rest - 255) }
      return bytes + [UInt8(rest)] + [UInt8](repeating: byte, count: count) + [0x11, 0, 0]
    }
    for cut in 4060...4096 {
      // The first segment ends around the border of the first sector.
      let first = literals(cut - 30, 7)
      let second = LZOSample(upTo: 4096, using: &random)
      let extent = LZOSample.extent([first, second.bytes], sector: 4096)
      let found = try decompress(extent, .lzo4K, length: 8192).get()
      let expected = [UInt8](repeating: 7, count: cut - 30) + second.plain
      #expect(firstDifference(Array(found.prefix(expected.count)), expected) == nil)
    }
  }

  @Test("A segment may not give more than a sector, nor all more than the extent's length")
  func tooLong() {
    var random = SeededGenerator.ofTest("LZOTests.tooLong")
    var sample = LZOSample(upTo: 8192, using: &random)
    while sample.plain.count <= 4096 { sample = LZOSample(upTo: 8192, using: &random) }
    let extent = LZOSample.extent([sample.bytes], sector: 8192)
    #expect(decompress(extent, .lzo4K, length: 8192) == .failure(.tooLong(limit: 4096)))
    #expect(decompress(extent, .lzo8K, length: 4096) == .failure(.tooLong(limit: 4096)))
    let whole = decompress(extent, .lzo8K, length: 8192)
    #expect(throws: Never.self) { try whole.get() }
    let two = LZOSample.extent([sample.bytes, sample.bytes], sector: 8192)
    let count = sample.plain.count
    #expect(decompress(two, .lzo8K, length: count) == .failure(.tooLong(limit: count)))
  }

  @Test("Cut at every byte it is an error, also where the length says so")
  func cut() {
    var random = SeededGenerator.ofTest("LZOTests.cut")
    for _ in 0..<20 {
      let sample = LZOSample(upTo: 600, using: &random)
      let extent = LZOSample.extent([sample.bytes], sector: 4096)
      for count in 0..<extent.count {
        var bytes = Array(extent.prefix(count))
        #expect(throws: CompressionError.self) {
          try decompress(bytes, .lzo4K, length: 4096).get()
        }
        guard count > 4 else { continue }
        bytes.replaceSubrange(0..<4, with: [UInt8(count & 0xff), UInt8(count >> 8), 0, 0])
        #expect(throws: CompressionError.self) {
          try decompress(bytes, .lzo4K, length: 4096).get()
        }
      }
    }
  }

  @Test("With any bit flipped it is an error or gives as much, and never traps")
  func flipped() {
    var random = SeededGenerator.ofTest("LZOTests.flipped")
    var refused = 0
    for round in 0..<12 {
      let (kind, sector) = Self.kinds[round % Self.kinds.count]
      let sample = LZOSample(upTo: 700, using: &random)
      let extent = LZOSample.extent([sample.bytes, sample.bytes], sector: sector)
      for bit in 0..<extent.count * 8 {
        var bytes = extent
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        switch decompress(bytes, kind, length: 4096) {
        case .success(let plain): #expect(plain.count == 4096)
        case .failure: refused += 1
        }
      }
    }
    #expect(refused > 100)
  }

  @Test("Random bytes are an error or give as much, and never trap")
  func noise() {
    var random = SeededGenerator.ofTest("LZOTests.noise")
    for _ in 0..<3000 {
      let segment = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random) & UInt8.random(in: 0...255, using: &random)
      }
      let extent = LZOSample.extent([segment], sector: 4096)
      if case .success(let plain) = decompress(extent, .lzo4K, length: 4096) {
        #expect(plain.count == 4096)
      }
    }
  }

  @Test("Reaching back before the first byte of a segment is an error")
  func reach() {
    // One literal, and three bytes from two back.
    let segment: [UInt8] = [18, 65, 0x44, 0, 0x11, 0, 0]
    let extent = LZOSample.extent([segment], sector: 4096)
    #expect(decompress(extent, .lzo4K, length: 4096) == .failure(.damaged(offset: 12)))
    let before: [UInt8] = [18, 65, 0x11, 0, 0]
    let second = LZOSample.extent([before, segment], sector: 4096)
    #expect(throws: CompressionError.self) {
      try decompress(second, .lzo4K, length: 4096).get()
    }
  }
}
