internal import Bytes

/// Runs a recipe and compares what it makes, as it comes, with what there was.
struct RebuildProof {
  private static let step = 128 << 10

  let recipe: Recipe
  let threads: Int
  let memoryLimit: UInt64

  func holds(
    opened: some RandomAccessBytes, original: some RandomAccessBytes
  ) throws(RecompressError) -> Bool {
    let rebuilder = try RegionRebuilder(recipe, threads: threads, memoryLimit: memoryLimit)
    var output: [UInt8] = []
    var compared: UInt64 = 0
    var at: UInt64 = 0
    while at < opened.byteCount {
      let bytes = try opened.bytes(at: at, count: Self.step)
      guard !bytes.isEmpty else { throw .readFailed(offset: at) }
      at &+= UInt64(bytes.count)
      try rebuilder.push(bytes.rawSpan, into: &output)
      guard try matches(&output, original, &compared) else { return false }
    }
    try rebuilder.finish(into: &output)
    return try matches(&output, original, &compared) && compared == original.byteCount
  }

  private func matches(
    _ output: inout [UInt8], _ original: some RandomAccessBytes, _ compared: inout UInt64
  ) throws(RecompressError) -> Bool {
    guard !output.isEmpty else { return true }
    let expected = try original.bytes(at: compared, count: output.count)
    guard expected.rawSpan.hasSameBytes(as: output.rawSpan) else { return false }
    compared &+= UInt64(output.count)
    output.removeAll(keepingCapacity: true)
    return true
  }
}
