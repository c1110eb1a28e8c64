internal import Bytes
internal import DeltaStream

/// Finds the blocks of a run that its old file has as well, so that the device can share them.
struct CloneFinder: Sendable {
  let matcher: OldFileMatcher
  /// The shortest part that is shared, in bytes. Each costs the device an extent's metadata, and
  /// the update a few bytes.
  let minimumLength: UInt64

  /// What a run shares with an old file.
  struct Found: Sendable {
    var source: [UInt8]
    var clones: [PatchClone]
  }

  /// The runs of one file, one after the other: what is known of its old self is kept.
  struct Search {
    fileprivate var windows: OldWindows
    fileprivate var blocks: (source: PatchSource, index: BlockIndex)?
  }

  /// A search for runs of one file that knows nothing yet.
  func search(for runs: ArraySlice<WrittenRun>) -> Search {
    Search(windows: OldWindows(matcher, for: runs), blocks: nil)
  }

  /// The parts of a run with the contents `new` that an old file has; `nil` if there are none.
  ///
  /// - Parameter chunk: where the normal form cuts.
  func find(
    in run: WrittenRun, new: [UInt8], chunk: UInt64, _ search: inout Search
  ) throws(BuildError) -> Found? {
    guard run.length >= minimumLength, let file = try matcher.oldFile(of: run, new: new),
      file.size >= minimumLength, run.cloneSource == nil || run.cloneSource == file.path
    else { return nil }
    var clones: [PatchClone] = []
    var start = run.offset
    for end in search.windows.ends(of: run, in: file, chunk: chunk) {
      let bytes = new.rawSpan.extracting(Int(start - run.offset)..<Int(end - run.offset))
      let source = try search.windows.source(for: bytes, at: start, in: file)
      if search.blocks?.source != source {
        search.blocks = (source, BlockIndex(try matcher.read(source)))
      }
      if let index = search.blocks?.index {
        // The file's last block may be a part of one, but only where both files end.
        let endsBoth = end == run.end && run.endsFile && source.offset + source.length == file.size
        clones += self.clones(of: bytes, at: start, source, index, endsBoth: endsBoth)
      }
      start = end
    }
    clones = Self.left(of: clones, by: run.clones)
    clones = Array(clones.prefix(PatchClone.maximumCount))
    return clones.isEmpty ? nil : Found(source: file.path, clones: clones)
  }

  /// What is left of parts by others, which the kernel found; both ascend, and none overlap.
  private static func left(
    of found: [PatchClone], by others: [PatchClone]
  ) -> [PatchClone] {
    if others.isEmpty { return found }
    var left: [PatchClone] = []
    var others = others[...]
    for clone in found {
      var rest = clone
      while let other = others.first, other.offset < clone.end {
        if other.offset > rest.offset { left.append(rest.part(rest.offset..<other.offset)) }
        if other.end > rest.offset { rest = rest.part(min(other.end, clone.end)..<clone.end) }
        if other.end > clone.end { break }
        others.removeFirst()
      }
      if rest.length > 0 { left.append(rest) }
    }
    return left
  }

  private func clones(
    of new: RawSpan, at offset: UInt64, _ source: PatchSource, _ index: BlockIndex,
    endsBoth: Bool
  ) -> [PatchClone] {
    let block = PatchClone.blockLength
    let skipped = Int((block - offset % block) % block)
    guard source.offset % block == 0, skipped < new.byteCount else { return [] }
    let first = offset + UInt64(skipped)
    let rest = new.extracting(droppingFirst: skipped)
    var search = BlockSearch(
      new: rest, index: index, tail: endsBoth ? rest.byteCount % Int(block) : 0,
      samePlace: Int(truncatingIfNeeded: first &- source.offset))
    var clones: [PatchClone] = []
    while let match = search.next(minimum: Int(minimumLength)) {
      clones.append(
        PatchClone(
          offset: first + UInt64(match.new.lowerBound), length: UInt64(match.new.count),
          sourceOffset: source.offset + UInt64(match.old)))
    }
    return clones
  }
}

extension PatchClone {
  /// A part of a part, from one of its blocks to another.
  fileprivate func part(_ range: Range<UInt64>) -> PatchClone {
    PatchClone(
      offset: range.lowerBound, length: range.upperBound - range.lowerBound,
      sourceOffset: sourceOffset + (range.lowerBound - offset))
  }
}
