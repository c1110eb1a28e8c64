internal import Bytes
internal import DeltaStream
internal import Linux
internal import SendStream

/// Plans what is shared instead of written: makes a plan of a plan, in which what the parent has
/// in whole blocks comes as CLONE from there.
struct CloneRewriter {
  let plan: Plan
  let finder: CloneFinder
  let jobCount: Int
  let progress: BuildProgress

  /// The plan with its clones; the plan itself if there is nothing to share.
  ///
  /// - Parameter file: makes the empty file that the new plan is written to.
  func run(
    into file: () throws(BuildError) -> Descriptor
  ) async throws(BuildError) -> Plan {
    guard let parent = plan.identity.parent else { return plan }
    let found = try await find()
    if found.isEmpty { return plan }
    var reader = PlanReader(plan)
    var writer = PlanWriter(base: plan.base, hasParent: true, file: try file())
    writer.stream.writeHeader()
    for (index, run) in plan.runs.enumerated() {
      guard let found = found[index] else { continue }
      while reader.offset < run.streamOffset {
        guard try Self.passOn(&reader, &writer) else { throw .planChanged }
      }
      var rewriting = RunRewriting(run, found, parent: parent)
      while rewriting.left > 0 { try rewriting.next(&reader, &writer) }
      try progress.report(.sharing, done: reader.offset, of: plan.length)
    }
    while try Self.passOn(&reader, &writer) {}
    return try writer.finish()
  }

  /// What each run shares, by its index; the same however many jobs there are.
  private func find() async throws(BuildError) -> [Int: CloneFinder.Found] {
    let jobs = ShrinkJob.jobs(of: plan.runs)
    do {
      return try await withThrowingTaskGroup(of: [(Int, CloneFinder.Found)].self) { group in
        var all: [Int: CloneFinder.Found] = [:]
        for (index, job) in jobs.enumerated() {
          if index >= jobCount, let some = try await group.next() { all.add(some) }
          let (finder, plan) = (finder, plan)
          group.addTask { try finder.find(in: job.runs, of: plan) }
          try progress.report(.sharing, done: plan.runs[job.runs.lowerBound].streamOffset / 2)
        }
        while let some = try await group.next() { all.add(some) }
        return all
      }
    } catch let error as BuildError {
      throw error
    } catch {
      // Only the task's own cancellation is no BuildError.
      throw .cancelled
    }
  }

  private static func passOn(
    _ reader: inout PlanReader, _ writer: inout PlanWriter
  ) throws(BuildError) -> Bool {
    guard let frame = try reader.next() else { return false }
    if frame.kind == .end {
      try writer.finishRun()
      do throws(StreamError) { try writer.stream.write(frame) } catch { throw .kernelStream(error) }
    } else {
      try writer.add(frame)
    }
    try writer.flush(above: Plan.readLength)
    return true
  }
}

extension CloneFinder {
  /// What some runs share; their files are read for it.
  fileprivate func find(
    in runs: Range<Int>, of plan: Plan
  ) throws(BuildError) -> [(Int, Found)] {
    var all: [(Int, Found)] = []
    var search = search(for: plan.runs[runs])
    let chunk = UInt64(NormalForm(base: plan.base).chunkLength)
    for index in runs where plan.runs[index].length >= minimumLength {
      if Task.isCancelled { throw .cancelled }
      let run = plan.runs[index]
      let new = try plan.contents(of: run, from: matcher.tree)
      if let found = try find(in: run, new: new, chunk: chunk, &search) {
        all.append((index, found))
      }
    }
    return all
  }
}

extension [Int: CloneFinder.Found] {
  fileprivate mutating func add(_ some: [(Int, CloneFinder.Found)]) {
    for (index, found) in some { self[index] = found }
  }
}

/// One run that is being rewritten.
private struct RunRewriting {
  private let source: [UInt8]
  private let parent: (uuid: SubvolumeUUID, ctransid: UInt64)
  private var clones: ArraySlice<PatchClone>
  private var offset: UInt64
  /// How many bytes of the run are still to be read.
  private(set) var left: UInt64

  init(
    _ run: WrittenRun, _ found: CloneFinder.Found,
    parent: (uuid: SubvolumeUUID, ctransid: UInt64)
  ) {
    source = found.source
    clones = found.clones[...]
    self.parent = parent
    offset = run.offset
    left = run.length
  }

  /// Rewrites the next WRITE; what the kernel has shared already stays as it is.
  mutating func next(
    _ reader: inout PlanReader, _ writer: inout PlanWriter
  ) throws(BuildError) {
    guard let frame = try reader.next() else { throw .planChanged }
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw .kernelStream(error)
    }
    switch command {
    case .write(let path, let start, let data) where start == offset:
      try rewrite(path, data, &writer)
    case .clone(_, let start, let length, _, _, _, _)
    where start == offset && length <= left:
      try writer.add(frame)
      offset += length
      left -= length
    default: throw .planChanged
    }
    try writer.flush(above: Plan.readLength)
  }

  private mutating func rewrite(
    _ path: RawSpan, _ data: RawSpan, _ writer: inout PlanWriter
  ) throws(BuildError) {
    guard UInt64(data.byteCount) <= left else { throw .planChanged }
    var rest = data
    while rest.byteCount > 0 {
      let count = try take(rest, path, &writer)
      rest = rest.extracting(droppingFirst: count)
      offset += UInt64(count)
    }
    left -= UInt64(data.byteCount)
  }

  /// Writes the first bytes of a WRITE's rest, or has them shared; gives how many.
  private mutating func take(
    _ rest: RawSpan, _ path: RawSpan, _ writer: inout PlanWriter
  ) throws(BuildError) -> Int {
    guard let clone = clones.first else {
      try writer.addWrite(path, at: offset, rest)
      return rest.byteCount
    }
    if offset < clone.offset {
      let count = Int(Swift.min(clone.offset - offset, UInt64(rest.byteCount)))
      try writer.addWrite(path, at: offset, rest.extracting(first: count))
      return count
    }
    if offset == clone.offset { try share(clone, path, &writer) }
    let count = Int(Swift.min(clone.end - offset, UInt64(rest.byteCount)))
    if offset + UInt64(count) == clone.end { clones.removeFirst() }
    return count
  }

  private func share(
    _ clone: PatchClone, _ path: RawSpan, _ writer: inout PlanWriter
  ) throws(BuildError) {
    try writer.finishRun()
    do throws(StreamError) {
      try writer.stream.write(
        .clone(
          path: path, offset: clone.offset, length: clone.length, sourceUUID: parent.uuid,
          sourceCtransid: parent.ctransid, sourcePath: source.rawSpan,
          sourceOffset: clone.sourceOffset))
    } catch { throw .kernelStream(error) }
  }
}
