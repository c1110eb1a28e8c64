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

  /// The patch that makes `new` of `old` by these copies, which must be in order; one insert when
  /// that is shorter.
  static func patch(old: RawSpan, new: RawSpan, copies: [CopyRange]) -> [UInt8] {
    let insert = PatchWriter().finish(new, nil)
    guard copies.count <= PatchLimits.standard.maxCopies else { return insert }
    let patch = plainPatch(old: old, new: new, copies: copies)
    return patch.count < insert.count ? patch : insert
  }

  /// The patch with these copies of old bytes.
  static func plainPatch(old: RawSpan, new: RawSpan, copies: [CopyRange]) -> [UInt8] {
    var writer = PatchWriter()
    for copy in copies { writer.add(copy, old, at: copy.old, new) }
    return writer.finish(new, nil)
  }

  /// The patch with these copies of predicted bytes.
  ///
  /// - Parameters:
  ///   - predicted: As long as `new`; counts where there are copies.
  ///   - tables: The stream that says how to predict.
  static func projectedPatch(
    predicted: RawSpan, new: RawSpan, copies: [CopyRange], tables: [UInt8]
  ) -> [UInt8] {
    var writer = PatchWriter()
    for copy in copies { writer.add(copy, predicted, at: copy.new, new) }
    return writer.finish(new, tables)
  }

  /// - Parameters:
  ///   - copied: What the copy gives before differences.
  ///   - start: Where in `copied`.
  private mutating func add(
    _ copy: CopyRange, _ copied: RawSpan, at start: Int, _ new: RawSpan
  ) {
    let insertCount = copy.new &- written
    insertLengths.append(varint: UInt64(insertCount))
    inserted.append(copying: new.extracting(written..<copy.new))
    copyLengths.append(varint: UInt64(copy.count))
    sources.append(varint: Int64(copy.old &- previousEnd &- insertCount).zigZagEncoded)
    addDifferences(copy, copied, start, new)
    copyCount &+= 1
    written = copy.newEnd
    previousEnd = copy.old &+ copy.count
  }

  private mutating func addDifferences(
    _ copy: CopyRange, _ copied: RawSpan, _ start: Int, _ new: RawSpan
  ) {
    var at = 0
    while true {
      let run = new.matchLength(
        at: copy.new &+ at, copied, at: start &+ at, limit: copy.count &- at)
      gap &+= run
      at &+= run
      guard at < copy.count else { return }
      gaps.append(varint: UInt64(gap))
      differences.append(new[copy.new &+ at] &- copied[start &+ at])
      gap = 0
      at &+= 1
    }
  }

  /// - Parameter tables: Of a projected patch only.
  private consuming func finish(_ new: RawSpan, _ tables: [UInt8]?) -> [UInt8] {
    inserted.append(copying: new.extracting(written..<new.byteCount))
    var streams = [insertLengths, copyLengths, sources, gaps, differences, inserted]
    if let tables { streams.append(tables) }
    var patch = [(tables == nil ? PatchKind.plain : .projected).rawValue]
    patch.append(varint: UInt64(new.byteCount))
    patch.append(varint: UInt64(copyCount))
    for stream in streams { patch.append(varint: UInt64(stream.count)) }
    for stream in streams { patch += stream }
    return patch
  }
}
