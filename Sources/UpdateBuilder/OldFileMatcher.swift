internal import BinaryDiff
internal import Bytes
internal import DeltaStream

/// Finds what a written run may have been before, and reads it.
struct OldFileMatcher: Sendable {
  let index: ParentIndex
  let tree: ParentTree

  /// The shortest part of a long file that is searched, in bytes.
  private static let minimumWindow: UInt64 = 16 << 20

  /// The old file of a run whose contents are `new`; `nil` when nothing is like it.
  ///
  /// A file with the very same contents comes first, wherever it is. Then what the file itself was,
  /// the same path, the path it will be renamed to, the path with other numbers, the name with
  /// other numbers.
  func oldFile(of run: WrittenRun, new: [UInt8]) throws(BuildError) -> ParentIndex.File? {
    // What is shared already is known to be like it.
    if let source = run.cloneSource { return index.file(at: source) }
    let path = run.finalPath ?? run.path
    if run.offset == 0, let same = try fileWithContents(new, like: path) { return same }
    if let origin = run.origin, let file = index.file(at: origin) { return file }
    return index.file(at: path)
      ?? index.fileWithPathPattern(of: path, size: run.length)
      ?? index.fileWithNamePattern(of: path, size: run.length)
  }

  /// The part of an old file that a run is searched in.
  ///
  /// A file that is too long for one search is looked at around the run's own place.
  func range(of file: ParentIndex.File, for run: WrittenRun) -> PatchSource {
    let limit = PatchMaker.maximumOldLength
    guard file.size > limit else {
      return PatchSource(path: file.path, offset: 0, length: file.size)
    }
    // A short run needs no long window. Windows begin at multiples of a quarter of their length, so
    // that the runs of a file that was changed in many places share them.
    var window = Self.minimumWindow
    while window < limit, window < run.length * 4 { window *= 2 }
    let quarter = window / 4
    let start = run.offset > quarter ? (run.offset - quarter) / quarter * quarter : 0
    return PatchSource(
      path: file.path, offset: Swift.min(start, file.size - window), length: window)
  }

  /// Reads and sorts a part of an old file.
  func load(_ source: PatchSource, isWholeFile: Bool) throws(BuildError) -> OldRange {
    let bytes = try read(source)
    do throws(DiffError) {
      return OldRange(
        source: source, index: try SourceIndex(sources: [bytes]), isWholeFile: isWholeFile)
    } catch { throw .diff(error) }
  }

  /// Reads a part of an old file.
  func read(_ source: PatchSource) throws(BuildError) -> [UInt8] {
    try tree.bytes(source.path, at: source.offset, count: Int(source.length))
  }

  private func fileWithContents(
    _ new: [UInt8], like path: [UInt8]
  ) throws(BuildError) -> ParentIndex.File? {
    for file in index.files(ofSize: UInt64(new.count), like: path) {
      if try hasContents(file, new) { return file }
    }
    return nil
  }

  private func hasContents(_ file: ParentIndex.File, _ new: [UInt8]) throws(BuildError) -> Bool {
    var offset = 0
    var step = 4096
    while offset < new.count {
      let count = Swift.min(step, new.count - offset)
      let bytes = try tree.bytes(file.path, at: UInt64(offset), count: count)
      guard bytes.rawSpan.hasSameBytes(as: new.rawSpan.extracting(offset..<offset + count)) else {
        return false
      }
      offset += count
      step = 1 << 20
    }
    return true
  }
}
