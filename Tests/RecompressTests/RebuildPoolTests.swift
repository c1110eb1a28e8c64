import Bytes
import TestSupport
import Testing
import XZ

@testable import Recompress

@Suite("Making regions side by side")
struct RebuildPoolTests {
  /// A file with many regions of two recipes, and raw bytes of all lengths between them.
  private static func sample() throws -> (file: [UInt8], layout: FileLayout) { try made.get() }

  private static let made = Result<(file: [UInt8], layout: FileLayout), any Error> {
    var random = SeededGenerator.ofTest("pool")
    var file: [UInt8] = []
    for index in 0..<24 {
      let text = RecipeSample.make(count: Int.random(in: 300...12_000, using: &random))
      let isXZ = index % 3 == 0
      file += try compressed(text, by: isXZ ? "xz" : "gzip", isXZ ? ["-1"] : ["-n"])
      file += random.bytes(Int.random(in: 0...3000, using: &random))
    }
    file += [UInt8](repeating: 7, count: 3 << 20)
    file += try compressed(RecipeSample.make(count: 900), by: "gzip", ["-n"])
    return (file, try Recompressor().analyse(MemorySpill(file), spill: MemorySpill()).layout)
  }

  @Test(
    "A file comes back from any number of threads, and from little memory",
    arguments: [1, 2, 5], [256 << 20, 24 << 20, 3 << 20, 0])
  func comesBack(threads: Int, memory: Int) throws {
    let (file, layout) = try Self.sample()
    #expect(layout.regions.count == 25)
    let pool = try #require(RebuildPool(threads: threads, memory: UInt64(memory)))
    for step in [100, 100_000, 1 << 24] {
      let made = try rebuilt(file, layout, step: step, pool: pool)
      #expect(firstDifference(made, file) == nil)
    }
  }

  @Test("Several files are made of one pool at a time, in any order")
  func severalFiles() throws {
    let (file, layout) = try Self.sample()
    let pool = try #require(RebuildPool(threads: 2, memory: 64 << 20))
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    let all = try view.bytes(at: 0, count: 1 << 24)
    let rebuilders = (0..<4).map { _ in FileRebuilder(layout, pool: pool) }
    var outputs = [[UInt8]](repeating: [], count: 4)
    for (index, rebuilder) in rebuilders.enumerated() {
      try rebuilder.push(all.rawSpan, into: &outputs[index])
    }
    for index in [2, 0, 3, 1] {
      try rebuilders[index].finish(into: &outputs[index])
      #expect(rebuilders[index].isReady)
      #expect(firstDifference(outputs[index], file) == nil)
    }
  }

  @Test("Opened bytes that are others are noticed, and the pool goes on")
  func wrongBytes() throws {
    let (file, layout) = try Self.sample()
    let pool = try #require(RebuildPool(threads: 2, memory: 64 << 20))
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    let all = try view.bytes(at: 0, count: 1 << 24)
    var lying = layout
    lying.regions[3].length -= 1
    var output: [UInt8] = []
    #expect(throws: RecompressError.recipeMismatch(offset: layout.regions[3].offset)) {
      try FileRebuilder(lying, pool: pool).push(all.rawSpan, into: &output)
    }
    #expect(try firstDifference(rebuilt(file, layout, pool: pool), file) == nil)
  }

  @Test("What nobody waits for ends with the pool")
  func dropped() throws {
    let (file, layout) = try Self.sample()
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    let all = try view.bytes(at: 0, count: 1 << 24)
    for _ in 0..<20 {
      let pool = try #require(RebuildPool(threads: 2, memory: 64 << 20))
      var output: [UInt8] = []
      try FileRebuilder(layout, pool: pool).push(all.rawSpan, into: &output)
    }
  }

  @Test("A recipe that takes more than there is is not for the pool")
  func tooMuch() throws {
    let recipe = Recipe(
      .xz(
        XZRecipe(
          XZStreamEncoder.Options(
            preset: 9, dictionarySize: 64 << 20, check: .crc32, blocks: .one))))
    let region = Region(offset: 0, length: 100, openedLength: 1000, recipe: recipe)
    let layout = FileLayout(length: 100, regions: [region])
    for (memory, fits) in [(256 << 20, false), (1 << 30, true)] {
      let pool = try #require(RebuildPool(threads: 2, memory: UInt64(memory)))
      #expect(pool.takes(layout) == fits)
      #expect(pool.room(for: layout) != nil)
    }
  }

  @Test("Files have room only until others have taken it, and again when these are done")
  func room() throws {
    let (_, layout) = try Self.sample()
    let pool = try #require(RebuildPool(threads: 1, memory: 90 << 20))
    #expect(pool.takes(layout))
    var rooms: [RebuildPool.Room] = []
    while let room = pool.room(for: layout) { rooms.append(room) }
    // What a file of three megabytes takes for itself, and its regions once.
    #expect((2...5).contains(rooms.count))
    rooms.removeLast()
    #expect(pool.room(for: layout) != nil)
    let little = try #require(RebuildPool(threads: 1, memory: 12 << 20))
    #expect(!little.takes(layout) && little.room(for: layout) == nil)
  }

  @Test("Memory that is kept for the next region is given to one that needs it")
  func release() throws {
    // Two recipes that do not fit together: each has to wait until the other's memory is given back.
    let texts = (0..<8).map { RecipeSample.make(count: 20_000 + $0) }
    var file: [UInt8] = []
    for (index, text) in texts.enumerated() {
      let dictionary = index % 2 == 0 ? "1MiB" : "8MiB"
      file += try compressed(
        text, by: "xz", ["--check=crc32", "--lzma2=preset=6,dict=\(dictionary)"])
    }
    let layout = try Recompressor().analyse(MemorySpill(file), spill: MemorySpill()).layout
    let most = try #require(try layout.regions.map { try $0.recipe.memory() }.max())
    let pool = try #require(RebuildPool(threads: 3, memory: most * 3 / 2 + 1000))
    #expect(pool.takes(layout))
    #expect(try firstDifference(rebuilt(file, layout, pool: pool), file) == nil)
  }
}
