internal import Bytes
internal import DeltaStream

/// Finds the blocks of a run that its old file has as well, so that the device can share them.
struct CloneFinder: Sendable {
  let matcher: OldFileMatcher
  /// The shortest part that is shared, in bytes. Each costs the device an extent's metadata, and
  /// the update a few bytes.
  let minimumLength: UInt64

  /// How many parts of one run are shared: their list has to fit an attribute.
  private static let maximumCount = 4096

  /// What a run shares with an old file.
  struct Found: Sendable {
    var source: [UInt8]
    var clones: [PatchClone]
  }

  /// The old file whose blocks are known, kept for the next run of the same file.
  struct Blocks: Sendable {
    fileprivate let source: PatchSource
    fileprivate let fileSize: UInt64
    fileprivate let index: BlockIndex
  }

  /// The parts of a run with the contents `new` that an old file has; `nil` if there are none.
  func find(
    in run: WrittenRun, new: [UInt8], _ blocks: inout Blocks?
  ) throws(BuildError) -> Found? {
    guard run.length >= minimumLength, let file = try matcher.oldFile(of: run, new: new),
      file.size >= minimumLength
    else { return nil }
    let source = matcher.range(of: file, for: run)
    if blocks?.source != source {
      blocks = Blocks(
        source: source, fileSize: file.size, index: BlockIndex(try matcher.read(source)))
    }
    guard let blocks else { return nil }
    let clones = clones(of: new.rawSpan, run, blocks)
    return clones.isEmpty ? nil : Found(source: file.path, clones: clones)
  }

  private func clones(
    of new: RawSpan, _ run: WrittenRun, _ blocks: borrowing Blocks
  ) -> [PatchClone] {
    let block = PatchClone.blockLength
    // A range that is searched begins at a whole block: at 0, or at a multiple of megabytes.
    guard blocks.source.offset % block == 0 else { return [] }
    // The file's last block may be a part of one, but only where both files end.
    let tail =
      run.endsFile && blocks.source.offset + blocks.source.length == blocks.fileSize
      ? Int(run.end % block) : 0
    let first = (run.offset + block - 1) / block * block
    guard first < run.end else { return [] }
    let skipped = Int(first - run.offset)
    var search = BlockSearch(
      new: new.extracting(droppingFirst: skipped), index: blocks.index, tail: tail,
      samePlace: Int(truncatingIfNeeded: first &- blocks.source.offset))
    var clones: [PatchClone] = []
    while clones.count < Self.maximumCount, let match = search.next(minimum: Int(minimumLength)) {
      clones.append(
        PatchClone(
          offset: first + UInt64(match.new.lowerBound), length: UInt64(match.new.count),
          sourceOffset: blocks.source.offset + UInt64(match.old)))
    }
    return clones
  }
}
