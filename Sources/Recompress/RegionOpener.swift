internal import Bytes
internal import XZ
internal import Zstd

/// Takes compressed data apart, into a spill.
struct RegionOpener {
  /// How far the data went.
  struct Extent {
    var compressed: UInt64
    var opened: UInt64
  }

  private static let step = 64 << 10

  let source: any RandomAccessBytes
  let limits: RecompressLimits

  /// Opens a region whose extent is known.
  ///
  /// - Throws: ``RecompressError/corrupt(offset:)`` if it is another than that.
  func open(_ region: Region, into spill: any SpilledBytes) throws(RecompressError) {
    var trailer: UInt64 = 0
    if case .deflate(let recipe) = region.recipe.form { trailer = UInt64(recipe.trailer.length) }
    let extent = try open(
      region.recipe.kind, at: region.offset, ceiling: region.openedLength, into: spill)
    guard extent.compressed &+ trailer == region.length, extent.opened == region.openedLength
    else { throw .corrupt(offset: extent.compressed) }
  }

  /// Opens data from an offset to its end.
  func open(
    _ kind: RecipeKind, at offset: UInt64, ceiling: UInt64, into spill: any SpilledBytes
  ) throws(RecompressError) -> Extent {
    switch kind {
    case .deflate: return try openDeflate(at: offset, ceiling, spill)
    case .xz:
      var decoder = try XZOpener(memoryLimit: limits.memory)
      return try open(&decoder, at: offset, ceiling, spill)
    case .zstd:
      var decoder = try ZstdOpener(memoryLimit: limits.memory)
      return try open(&decoder, at: offset, ceiling, spill)
    case .bitstream: return try openBitstream(at: offset, ceiling, spill)
    case .messages: return try openMessages(at: offset, ceiling, spill)
    }
  }

  private func check(_ extent: Extent, _ ceiling: UInt64) throws(RecompressError) {
    guard extent.opened <= ceiling,
      limits.allows(opened: extent.opened, compressed: extent.compressed)
    else { throw .tooLong(limit: ceiling) }
  }

  private func openDeflate(
    at offset: UInt64, _ ceiling: UInt64, _ spill: any SpilledBytes
  ) throws(RecompressError) -> Extent {
    var reader = InflateReader(source, at: offset)
    while true {
      let step = try reader.next()
      let extent = Extent(compressed: reader.compressedCount, opened: reader.openedCount)
      switch step {
      case .end: return extent
      case .bytes:
        try check(extent, ceiling)
        try spill.append(reader.bytes)
      case .blockBegins, .blockEnds: break
      }
    }
  }

  private func openBitstream(
    at offset: UInt64, _ ceiling: UInt64, _ spill: any SpilledBytes
  ) throws(RecompressError) -> Extent {
    var reader = BitstreamReader(source, at: offset)
    var opened: UInt64 = 0
    while true {
      let bytes = try reader.next()
      opened &+= UInt64(bytes.count)
      let extent = Extent(compressed: reader.compressedCount, opened: opened)
      if bytes.isEmpty { return extent }
      try check(extent, ceiling)
      try spill.append(bytes.rawSpan)
    }
  }

  private func openMessages(
    at offset: UInt64, _ ceiling: UInt64, _ spill: any SpilledBytes
  ) throws(RecompressError) -> Extent {
    let reader = try MessagesReader(source, at: offset)
    let extent = Extent(
      compressed: UInt64(reader.compressedCount), opened: UInt64(reader.opened.count))
    try check(extent, ceiling)
    try spill.append(reader.opened.rawSpan)
    return extent
  }

  /// Runs a library's decoder from an offset to where it ends.
  private func open(
    _ decoder: inout some StreamOpener & ~Copyable, at offset: UInt64, _ ceiling: UInt64,
    _ spill: any SpilledBytes
  ) throws(RecompressError) -> Extent {
    var extent = Extent(compressed: 0, opened: 0)
    while true {
      let input = try source.bytes(at: offset &+ extent.compressed, count: Self.step)
      var taken = 0
      repeat {
        var output: [UInt8] = []
        var step = (consumed: 0, isEnd: false)
        let rest = taken..<input.count
        try output.append(upTo: Self.step) { (output) throws(RecompressError) in
          step = try decoder.decode(input.rawSpan.extracting(rest), into: &output)
        }
        taken &+= step.consumed
        extent.compressed &+= UInt64(step.consumed)
        extent.opened &+= UInt64(output.count)
        try check(extent, ceiling)
        try spill.append(output.rawSpan)
        if step.isEnd { return extent }
        if step.consumed == 0, output.isEmpty { throw .truncated(offset: extent.compressed) }
      } while taken < input.count
    }
  }
}

/// A library's decoder.
private protocol StreamOpener: ~Copyable {
  mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan
  ) throws(RecompressError) -> (consumed: Int, isEnd: Bool)
}

private struct XZOpener: ~Copyable, StreamOpener {
  private var decoder: XZDecoder

  init(memoryLimit: UInt64) throws(RecompressError) {
    do { decoder = try XZDecoder(memoryLimit: memoryLimit) } catch { throw .xz(error) }
  }

  mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan
  ) throws(RecompressError) -> (consumed: Int, isEnd: Bool) {
    do throws(XZError) {
      let (consumed, status) = try decoder.decode(input, into: &output)
      return (consumed, status == .streamEnd)
    } catch {
      throw .xz(error)
    }
  }
}

private struct ZstdOpener: ~Copyable, StreamOpener {
  private var decoder: ZstdStreamDecoder

  init(memoryLimit: UInt64) throws(RecompressError) {
    let windowLog = ZstdHead.windowLog(within: memoryLimit)
    do { decoder = try ZstdStreamDecoder(windowLog: Int32(windowLog)) } catch {
      throw .zstd(error.reason)
    }
  }

  mutating func decode(
    _ input: RawSpan, into output: inout OutputRawSpan
  ) throws(RecompressError) -> (consumed: Int, isEnd: Bool) {
    do throws(ZstdError) { return try decoder.decode(input, into: &output) } catch {
      throw .zstd(error.reason)
    }
  }
}
