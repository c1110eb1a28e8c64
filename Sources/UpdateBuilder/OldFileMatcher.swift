internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import Linux

/// Finds what a written run may have been before, and reads it.
struct OldFileMatcher: Sendable {
  let index: ParentIndex
  let tree: ParentTree
  /// The longest file that is searched whole, in bytes; longer ones are searched in parts.
  var maximumInput: UInt64 = BuildOptions.standardMaximumPatchInput
  /// Finds files by their contents; `nil` until somebody needs it.
  private(set) var sketches: SketchIndex?
  /// Files of the new tree that later ones may be like; `nil` if there are none.
  var newFiles: NewFiles?

  init(index: ParentIndex, tree: ParentTree) {
    self.index = index
    self.tree = tree
  }

  /// The shortest file that is found by what is in it, in bytes.
  static let minimumSketched: UInt64 = 4096
  /// How many files that have something in common are compared with a new one.
  private static let maximumCandidates = 3

  /// The old file of a run whose contents are `new`; `nil` when nothing is like it.
  ///
  /// A file with the very same contents comes first, wherever it is. Then what the file itself was,
  /// and the same path. Else the one that has most in common with it, of the path that it had under
  /// other numbers, the name under other numbers, and the files whose contents are like it.
  func oldFile(of run: WrittenRun, new: [UInt8]) throws(BuildError) -> ParentIndex.File? {
    // What is shared already is known to be like it.
    if let source = run.cloneSource { return index.file(at: source) }
    let path = run.finalPath ?? run.path
    if run.offset == 0, let same = try fileWithContents(new, like: path) { return same }
    if let origin = run.origin, let file = index.file(at: origin) { return file }
    if let file = index.file(at: path) { return file }
    return try best(of: candidates(for: run, path, new), for: new)
  }

  /// This matcher, with an index of the contents of the parent's files if one of the runs has no
  /// old file by its path.
  ///
  /// Reads every file of the parent of ``minimumSketched`` bytes and more once.
  ///
  /// - Parameter goesOn: says of a number of bytes that were read whether to go on.
  func withSketches(
    for runs: [WrittenRun], _ goesOn: (UInt64) -> Bool
  ) throws(BuildError) -> OldFileMatcher {
    guard runs.contains(where: { needsSketches($0) }) else { return self }
    var sketches: [(file: Int32, sketch: ContentSketch)] = []
    var done: UInt64 = 0
    for (number, file) in index.numberedFiles where file.size >= Self.minimumSketched {
      var sketch = ContentSketch(count: ContentSketch.count)
      try tree.read(file) { sketch.add($0) }
      sketches.append((number, sketch))
      done += file.size
      guard goesOn(done) else { throw .cancelled }
    }
    var matcher = self
    matcher.sketches = SketchIndex(sketches)
    return matcher
  }

  /// Whether a run's old file is found by contents only.
  func needsSketches(_ run: WrittenRun) -> Bool {
    let path = run.finalPath ?? run.path
    return run.length >= Self.minimumSketched && run.origin.flatMap(index.file(at:)) == nil
      && index.file(at: path) == nil
      && index.fileWithPathPattern(of: path, size: run.length) == nil
  }

  /// Files that may be what a file was, the likeliest first.
  private func candidates(
    for run: WrittenRun, _ path: [UInt8], _ new: [UInt8]
  ) -> [ParentIndex.File] {
    var files = [
      index.fileWithPathPattern(of: path, size: run.length),
      index.fileWithNamePattern(of: path, size: run.length),
    ].compactMap(\.self)
    if let sketches, run.length >= Self.minimumSketched {
      let sketch = ContentSketch(of: new.rawSpan, count: ContentSketch.count)
      files += sketches.files(like: sketch, limit: Self.maximumCandidates).map(index.file(number:))
    }
    return files
  }

  /// The file that has most in common with `new`; of equally good ones the first.
  private func best(
    of files: [ParentIndex.File], for new: [UInt8]
  ) throws(BuildError) -> ParentIndex.File? {
    guard let first = files.first, files.contains(where: { $0.path != first.path }),
      new.count >= Self.minimumSketched
    else { return files.first }
    let wanted = ContentSketch(of: new.rawSpan, count: ContentSketch.fineCount)
    var best: (file: ParentIndex.File, shared: Int)?
    var seen: Set<[UInt8]> = []
    for file in files where seen.insert(file.path).inserted {
      var sketch = ContentSketch(count: ContentSketch.fineCount)
      try tree.read(file) { sketch.add($0) }
      let shared = wanted.shared(with: sketch)
      if shared > best?.shared ?? -1 { best = (file, shared) }
    }
    return best?.file
  }

  /// Reads and sorts parts of files.
  ///
  /// - Parameter isWholeFile: whether there is one part, and it is all of its file.
  func load(_ sources: [PatchSource], isWholeFile: Bool) throws(BuildError) -> OldRange {
    var bytes: [[UInt8]] = []
    for source in sources { bytes.append(try read(source)) }
    do throws(DiffError) {
      return OldRange(
        sources: sources, index: try SourceIndex(sources: bytes), isWholeFile: isWholeFile)
    } catch { throw .diff(error) }
  }

  /// Reads a part of a file.
  func read(_ source: PatchSource) throws(BuildError) -> [UInt8] {
    guard let position = source.tree.position else {
      return try tree.bytes(source.path, at: source.offset, count: Int(source.length))
    }
    // Files of the new tree are copied from whole.
    guard let newFiles else { throw .planChanged }
    return try newFiles.contents(writtenAt: position)
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
      let wanted = new.rawSpan.extracting(offset..<offset + count)
      guard bytes.rawSpan.hasSameBytes(as: wanted) else { return false }
      offset += count
      step = 1 << 20
    }
    return true
  }
}

extension ParentTree {
  /// Bytes of a file; fewer where it ends before.
  func bytes(_ path: [UInt8], at offset: UInt64, count: Int) throws(BuildError) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(SystemError) {
      let file = try open(path)
      try bytes.append(upTo: count) { (out) throws(SystemError) in
        try file.read(at: offset, into: &out)
      }
    } catch { throw .system(error) }
    return bytes
  }

  /// Hands on a file from start to end, a megabyte at a time.
  func read(
    _ file: ParentIndex.File, _ body: (RawSpan) -> Void
  ) throws(BuildError) {
    do throws(SystemError) {
      let open = try open(file.path)
      var offset: UInt64 = 0
      var bytes: [UInt8] = []
      while offset < open.length {
        bytes.removeAll(keepingCapacity: true)
        try bytes.append(upTo: 1 << 20) { (out) throws(SystemError) in
          try open.read(at: offset, into: &out)
        }
        if bytes.isEmpty { break }
        body(bytes.rawSpan)
        offset += UInt64(bytes.count)
      }
    } catch { throw .system(error) }
  }
}
