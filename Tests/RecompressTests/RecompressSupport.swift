import Bytes
import TestSupport
import Testing

@testable import Recompress

/// The compressed bytes that a recipe makes, from pieces of some length.
func rebuilt(_ opened: [UInt8], _ recipe: Recipe, step: Int = 50_000) throws -> [UInt8] {
  let rebuilder = try RegionRebuilder(recipe)
  var output: [UInt8] = []
  for start in stride(from: 0, to: opened.count, by: step) {
    let end = min(start + step, opened.count)
    try rebuilder.push(opened.rawSpan.extracting(start..<end), into: &output)
  }
  try rebuilder.finish(into: &output)
  return output
}

/// The file that comes of a layout and a file's view.
func rebuilt(
  _ file: [UInt8], _ layout: FileLayout, step: Int = 50_000, pool: RebuildPool? = nil
) throws -> [UInt8] {
  let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
  let rebuilder = FileRebuilder(layout, pool: pool)
  var output: [UInt8] = []
  var at: UInt64 = 0
  while at < view.byteCount {
    let bytes = try view.bytes(at: at, count: step)
    try rebuilder.push(bytes.rawSpan, into: &output)
    at += UInt64(bytes.count)
  }
  try rebuilder.finish(into: &output)
  return output
}

/// The regions of a file, after they were proven to come back.
func analysed(
  _ file: [UInt8], limits: RecompressLimits = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Recompressor.Analysis {
  let spill = MemorySpill([1, 2, 3])
  let analysis = try Recompressor(limits: limits).analyse(MemorySpill(file), spill: spill)
  #expect(spill.bytes == [1, 2, 3], sourceLocation: sourceLocation)
  let bytes = analysis.layout.bytes
  let read = try FileLayout(bytes.rawSpan)
  #expect(read == analysis.layout, sourceLocation: sourceLocation)
  for pool in [nil, RebuildPool(threads: 2, memory: 512 << 20)] {
    let made = try rebuilt(file, read, pool: pool)
    #expect(firstDifference(made, file) == nil, sourceLocation: sourceLocation)
  }
  return analysis
}

/// Bytes as a program of the system compresses them.
func compressed(_ bytes: [UInt8], by program: String, _ options: [String]) throws -> [UInt8] {
  let outcome = try ExternalProgram.run(
    program, options + ["-c", "file"], files: ["file": bytes])
  try #require(outcome.status == 0)
  return outcome.output
}

extension Region {
  /// The recipe of a deflate region.
  var deflateRecipe: DeflateRecipe? {
    if case .deflate(let recipe) = recipe.form { recipe } else { nil }
  }
}
