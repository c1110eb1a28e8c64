internal import Bytes
internal import DeltaStream

/// The files that an update brings and that were not there before, for those that come behind them
/// and are like them.
///
/// Memory: some 500 bytes a file.
struct NewFiles: Sendable {
  /// All that may be copied from, in the order of the stream: complete, and not changed any more.
  let runs: [WrittenRun]
  /// Files that may be parts of opened ones, by their paths in the end.
  let byPath: [[UInt8]: WrittenRun]
  private let sketches: SketchIndex
  private let plan: Plan
  private let tree: ParentTree

  /// Reads the files.
  ///
  /// - Parameters:
  ///   - named: files that are found by their paths only, and are not read.
  ///   - goesOn: says of a number of bytes that were read whether to go on.
  init(
    _ runs: [WrittenRun], named: [WrittenRun] = [], of plan: Plan, _ tree: ParentTree,
    _ goesOn: (UInt64) -> Bool
  ) throws(BuildError) {
    var byPath: [[UInt8]: WrittenRun] = [:]
    for run in named { if let path = run.finalPath { byPath[path] = run } }
    self.byPath = byPath
    self.runs = runs
    self.plan = plan
    self.tree = tree
    var sketches: [(file: Int32, sketch: ContentSketch)] = []
    var done: UInt64 = 0
    for (number, run) in zip(Int32(0)..., runs) {
      let bytes = try plan.contents(of: run, from: tree)
      sketches.append((number, ContentSketch(of: bytes.rawSpan, count: ContentSketch.count)))
      done += run.length
      guard goesOn(done) else { throw .cancelled }
    }
    self.sketches = SketchIndex(sketches)
  }

  /// The files before a run that are likest to a sketch.
  func sources(like sketch: ContentSketch, before run: WrittenRun, limit: Int) -> [PatchSource] {
    let end = Int32(truncatingIfNeeded: firstIndex(from: run.streamOffset))
    return sketches.files(like: sketch, before: end, limit: limit).map { number in
      let found = runs[Int(number)]
      return PatchSource(
        tree: .new(writtenAt: found.streamOffset), path: found.finalPath ?? found.path, offset: 0,
        length: found.length)
    }
  }

  /// The file at a path in the end, or in `usr`, if it has a length and is written before a run.
  func file(at path: [UInt8], length: UInt64, before run: WrittenRun) -> WrittenRun? {
    for place in [path, Array("usr/".utf8) + path] {
      if let file = byPath[place], file.length == length, file.streamOffset < run.streamOffset {
        return file
      }
    }
    return nil
  }

  /// The bytes of a file.
  func contents(of file: WrittenRun) throws(BuildError) -> [UInt8] {
    try plan.contents(of: file, from: tree)
  }

  /// The bytes of a file that is written at a place in the stream.
  func contents(writtenAt position: UInt64) throws(BuildError) -> [UInt8] {
    let index = firstIndex(from: position)
    guard index < runs.count, runs[index].streamOffset == position else { throw .planChanged }
    return try plan.contents(of: runs[index], from: tree)
  }

  /// The first run that begins at a place in the stream, or behind it.
  private func firstIndex(from position: UInt64) -> Int {
    runs.span.partitionPoint { $0.streamOffset < position }
  }
}
