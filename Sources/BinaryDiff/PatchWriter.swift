internal import BinaryPatch
internal import Bytes

/// Writes a patch: the streams, and then all together.
struct PatchWriter {
  private var insertLengths: [UInt8] = []
  private var copyLengths: [UInt8] = []
  private var sources: [UInt8] = []
  private var gaps: [UInt8] = []
  private var differences: [UInt8] = []
  private var inserted: [UInt8] = []
  private var copyCount = 0
  /// How much of new is written.
  private var written = 0
  /// Where the previous copy ended in old.
  private var previousEnd = 0
  /// How many copied bytes were right since the last wrong one.
  private var gap = 0

  /// The patch that makes `new` of `old` by these copies, which must be in order.
  static func patch(old: RawSpan, new: RawSpan, copies: [CopyRange]) -> [UInt8] {
    let plain = PatchWriter().finish(new)
    guard copies.count <= PatchLimits.standard.maxCopies else { return plain }
    var writer = PatchWriter()
    for copy in copies { writer.add(copy, old, new) }
    let patch = writer.finish(new)
    return patch.count < plain.count ? patch : plain
  }

  private mutating func add(_ copy: CopyRange, _ old: RawSpan, _ new: RawSpan) {
    let insertCount = copy.new &- written
    insertLengths.append(varint: UInt64(insertCount))
    inserted.append(copying: new.extracting(written..<copy.new))
    copyLengths.append(varint: UInt64(copy.count))
    sources.append(varint: Int64(copy.old &- previousEnd &- insertCount).zigZagEncoded)
    addDifferences(copy, old, new)
    copyCount &+= 1
    written = copy.newEnd
    previousEnd = copy.old &+ copy.count
  }

  private mutating func addDifferences(_ copy: CopyRange, _ old: RawSpan, _ new: RawSpan) {
    var at = 0
    while true {
      let run = new.matchLength(
        at: copy.new &+ at, old, at: copy.old &+ at, limit: copy.count &- at)
      gap &+= run
      at &+= run
      guard at < copy.count else { return }
      gaps.append(varint: UInt64(gap))
      differences.append(new[copy.new &+ at] &- old[copy.old &+ at])
      gap = 0
      at &+= 1
    }
  }

  private consuming func finish(_ new: RawSpan) -> [UInt8] {
    inserted.append(copying: new.extracting(written..<new.byteCount))
    let streams = [insertLengths, copyLengths, sources, gaps, differences, inserted]
    var patch = [PatchKind.plain.rawValue]
    patch.append(varint: UInt64(new.byteCount))
    patch.append(varint: UInt64(copyCount))
    for stream in streams { patch.append(varint: UInt64(stream.count)) }
    for stream in streams { patch += stream }
    return patch
  }
}
