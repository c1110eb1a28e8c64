import Bytes
import TestSupport
import Testing
import XZ
import Zstd

@testable import Recompress

@Suite("Regions of files")
struct RegionTests {
  @Test(
    "What xz makes comes back",
    arguments: [
      ["-6"], ["-T2", "-6"], ["-9e"], ["--check=crc32", "--lzma2=dict=1MiB"], ["-0"],
      ["--check=crc32", "--x86", "--lzma2=preset=6,dict=2MiB"], ["--check=none", "-1"],
      ["-T2", "--block-size=65536", "-3"],
      ["--check=sha256", "--arm", "--lzma2=preset=9,dict=4MiB"],
    ])
  func xz(options: [String]) throws {
    let made = try compressed(RecipeSample.make(count: 150_000), by: "xz", options)
    let file = Array(RecipeSample.bytes[..<1000]) + made + [1, 2, 3]
    let analysis = try analysed(file, limits: RecompressLimits(memory: 2 << 30))
    #expect(analysis.layout.regions.map(\.recipe.kind) == [.xz])
    #expect(analysis.layout.regions.first?.length == UInt64(made.count))
  }

  @Test(
    "What this machine's zstd makes comes back",
    arguments: [
      ["-19"], ["-3"], ["-T0", "-19"], ["--ultra", "-22", "-T0"], ["--no-check", "-9"],
      ["-1", "--single-thread"],
    ])
  func zstd(options: [String]) throws {
    let made = try compressed(RecipeSample.make(count: 40_000), by: "zstd", options)
    let analysis = try analysed([9] + made, limits: RecompressLimits(memory: 4 << 30))
    #expect(analysis.layout.regions.map(\.recipe.kind) == [.zstd])
    #expect(
      analysis.layout.regions.first?.recipe.library
        == "libzstd \(ZstdStreamEncoder.libraryVersion)")
  }

  @Test("A recipe of another libzstd is refused by name")
  func otherVersion() throws {
    var recipe = ZstdRecipe(
      ZstdStreamEncoder.Options(
        level: 3, hasChecksum: true, contentSize: nil, isMultithreaded: false))
    recipe.version = "1.0.0"
    #expect(
      throws: RecompressError.wrongLibrary(
        needed: "libzstd 1.0.0", found: ZstdStreamEncoder.libraryVersion)
    ) { try RegionRebuilder(Recipe(.zstd(recipe))) }
  }

  @Test("Members of a zip file are regions each")
  func zip() throws {
    let half = RecipeSample.bytes.count / 2
    let outcome = try ExternalProgram.run(
      "zip", ["-q", "-", "one", "two"],
      files: [
        "one": Array(RecipeSample.bytes[..<half]), "two": Array(RecipeSample.bytes[half...]),
      ])
    try #require(outcome.status == 0)
    let analysis = try analysed(outcome.output)
    #expect(analysis.layout.regions.map(\.openedLength) == [UInt64(half), UInt64(half)])
  }

  @Test("Regions in regions are opened as deep as allowed")
  func nested() throws {
    var file = RecipeSample.make(count: 30_000)
    for program in ["gzip", "xz", "gzip"] {
      file = try compressed([5, 6] + file + [7], by: program, [])
    }
    let three = try analysed(file)
    #expect(three.layout.regions.first?.inner.first?.inner.count == 1)
    let two = try analysed(file, limits: RecompressLimits(depth: 2))
    #expect(two.layout.regions.first?.inner.first?.inner.count == 0)
    let none = try analysed(file, limits: RecompressLimits(depth: 0))
    #expect(none.layout.regions == [])
  }

  @Test("Bombs are left alone, and cost no more than is allowed")
  func bombs() throws {
    let zeros = [UInt8](repeating: 0, count: 6 << 20)
    for program in ["gzip", "xz", "zstd"] {
      let file = try compressed(zeros, by: program, [])
      let spill = CountingSpill()
      let limits = RecompressLimits(openedBytes: 2 << 20, ratio: 100)
      let analysis = try Recompressor(limits: limits).analyse(MemorySpill(file), spill: spill)
      #expect(analysis.layout.regions == [])
      #expect(spill.most < 3 << 20)
      guard case .notOpened(.tooLong)? = analysis.leftAlone.first?.reason else {
        Issue.record("\(analysis.leftAlone)")
        continue
      }
    }
  }

  @Test("Memory that is not allowed makes no recipe, and no rebuilder")
  func memory() throws {
    let made = try compressed(
      RecipeSample.bytes, by: "xz", ["--lzma2=preset=6,dict=64MiB"])
    let limits = RecompressLimits(memory: 192 << 20)
    let analysis = try Recompressor(limits: limits).analyse(MemorySpill(made), spill: MemorySpill())
    #expect(analysis.layout.regions == [])
    guard case .tooMuchMemory(let needed)? = analysis.leftAlone.first?.reason else {
      Issue.record("\(analysis.leftAlone)")
      return
    }
    #expect(needed > 192 << 20)
    let all = try Recompressor(limits: .init(memory: 2 << 30))
      .analyse(MemorySpill(made), spill: MemorySpill())
    let recipe = try #require(all.layout.regions.first?.recipe)
    let own = try recipe.memory()
    #expect(own >= needed)
    #expect(throws: RecompressError.tooMuchMemory(needed: own, limit: 192 << 20)) {
      try RegionRebuilder(recipe, threads: 2, memoryLimit: 192 << 20)
    }
  }

  @Test("Signatures by chance cost a bounded number of tries")
  func signaturesByChance() throws {
    var file: [UInt8] = []
    for _ in 0..<400 { file += [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 4, 0] }
    file += [UInt8](repeating: 0, count: 30)
    let analysis = try analysed(file, limits: RecompressLimits(failures: 100))
    #expect(analysis.leftAlone.count == 100)
  }
}

/// Bytes in memory that remember how many there were.
final class CountingSpill: SpilledBytes {
  private let spill = MemorySpill()
  private(set) var most: UInt64 = 0

  var byteCount: UInt64 { spill.byteCount }

  func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    try spill.read(at: offset, into: &output)
  }

  func append(_ bytes: RawSpan) throws(RecompressError) {
    try spill.append(bytes)
    most = max(most, byteCount)
  }

  func shorten(to count: UInt64) throws(RecompressError) { try spill.shorten(to: count) }
}
