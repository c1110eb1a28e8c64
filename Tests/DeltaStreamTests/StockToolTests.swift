import SendStream
import TestSupport
import Testing

@Suite("Stock tools and delta streams")
struct StockToolTests {
  private func dump(_ stream: [UInt8]) throws -> ExternalProgram.Outcome {
    try ExternalProgram.run("btrfs", ["receive", "--dump", "-f", "s"], files: ["s": stream])
  }

  @Test(
    "They refuse a delta stream from the start, and read what it expands to",
    arguments: [1, 2] as [UInt16])
  func dumps(base: UInt16) throws {
    var random = SeededGenerator.ofTest("StockToolTests.dumps")
    let sample = randomStream(base: base, &random)
    let delta = try sample.delta()
    let refused = try dump(delta)
    #expect(refused.status != 0)
    #expect(refused.output.isEmpty)
    let read = try dump(expand(delta, sample.tree))
    #expect(read.status == 0)
    let lines = read.text.split(separator: "\n")
    #expect(lines.first?.hasPrefix("snapshot") == true)
    // What each line says of its length; all of it together is what was written.
    let lengths = lines.filter { $0.hasPrefix("write") }
      .compactMap { $0.split(separator: "len=").last }.compactMap { Int($0) }
    var written = 0
    for case .patch(_, _, let bytes, _) in sample.steps { written += bytes.count }
    for case .writes(_, _, let bytes) in sample.steps { written += bytes.count }
    #expect(lengths.reduce(0, +) == written)
    #expect(lengths.allSatisfy { $0 <= Int(sample.chunkLength) })
  }
}
