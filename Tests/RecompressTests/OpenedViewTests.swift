import Bytes
import TestSupport
import Testing

@testable import Recompress

@Suite("Opened views")
struct OpenedViewTests {
  private func sample() throws -> (file: [UInt8], layout: FileLayout) {
    let inner = try compressed(RecipeSample.make(count: 30_000), by: "gzip", ["-n"])
    let outer = try compressed(
      RecipeSample.make(count: 5000) + inner + RecipeSample.make(count: 100), by: "xz", ["-1"])
    let file = RecipeSample.make(count: 2000) + outer + inner + inner + [1]
    return (file, try analysed(file).layout)
  }

  @Test("Reading anywhere gives what reading in order gives")
  func randomAccess() throws {
    var random = SeededGenerator.ofTest("opened view")
    let (file, layout) = try sample()
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill([4, 4]))
    let all = try view.bytes(at: 0, count: 1 << 20)
    #expect(UInt64(all.count) == layout.viewLength)
    #expect(view.byteCount == layout.viewLength)
    for _ in 0..<300 {
      let at = Int.random(in: 0...all.count, using: &random)
      let count = Int.random(in: 0...9000, using: &random)
      let bytes = try view.bytes(at: UInt64(at), count: count)
      #expect(bytes == Array(all[at..<min(at + count, all.count)]))
    }
  }

  @Test("A file comes back from pieces of any length", arguments: [1, 7, 1000, 1 << 20])
  func pieces(step: Int) throws {
    let (file, layout) = try sample()
    let made = try rebuilt(file, layout, step: step)
    #expect(firstDifference(made, file) == nil)
  }

  @Test("A view that is cut, too long or another is noticed")
  func wrongViews() throws {
    let (file, layout) = try sample()
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    let all = try view.bytes(at: 0, count: 1 << 20)
    var output: [UInt8] = []
    let cut = FileRebuilder(layout)
    let part = Array(all.dropLast())
    try cut.push(part.rawSpan, into: &output)
    #expect(throws: RecompressError.self) { try cut.finish(into: &output) }
    let long = all + [0]
    #expect(throws: RecompressError.self) {
      try FileRebuilder(layout).push(long.rawSpan, into: &output)
    }
    var other = all
    for index in 8000..<20_000 { other[index] = UInt8(truncatingIfNeeded: index &* index >> 3) }
    #expect(throws: RecompressError.self) {
      try FileRebuilder(layout).push(other.rawSpan, into: &output)
    }
  }

  @Test("A layout that lies about the file is refused")
  func lies() throws {
    let (file, layout) = try sample()
    var lies: [FileLayout] = []
    for index in layout.regions.indices {
      for change in [-1, 1] {
        var lie = layout
        lie.regions[index].openedLength = UInt64(Int(lie.regions[index].openedLength) + change)
        lies.append(lie)
        lie = layout
        lie.regions[index].offset = UInt64(Int(lie.regions[index].offset) + change)
        lies.append(lie)
        lie = layout
        lie.regions[index].length = UInt64(Int(lie.regions[index].length) + change)
        lies.append(lie)
      }
    }
    for lie in lies {
      #expect(throws: RecompressError.self) {
        try OpenedView(MemorySpill(file), lie, spill: MemorySpill())
      }
    }
  }
}

@Suite("The self-test of recipes")
struct RecipeSelfTestTests {
  @Test("What is built in comes out here as it did when it was made")
  func builtIn() throws {
    for (recipe, fingerprint) in RecipeSelfTest.builtIn {
      let found = try RecipeSelfTest.fingerprint(of: recipe)
      #expect(found == fingerprint, "\(recipe.bytes)")
    }
    #expect(RecipeSelfTest.failures(RecipeSelfTest.builtIn) == [])
  }

  @Test("Other bytes, another library and too little memory are told apart")
  func failures() throws {
    var expected = RecipeSelfTest.builtIn
    expected[1].fingerprint ^= 1
    let found = RecipeSelfTest.failures(expected, memoryLimit: 20 << 20)
    #expect(found.count == 2)
    #expect(found.first == RecipeSelfTest.Failure(kind: .deflate, library: nil, error: nil))
    #expect(found.last?.kind == .xz)
    guard case .tooMuchMemory? = found.last?.error else {
      Issue.record("\(found)")
      return
    }
  }
}
