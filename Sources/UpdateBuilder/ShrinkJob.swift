internal import BinaryDiff
internal import Bytes
internal import DeltaStream

/// Runs that are worked on together: they follow each other in one file, so that its old self is
/// sorted once.
struct ShrinkJob: Sendable {
  let runs: Range<Int>

  /// The most bytes that the runs of one job write together, unless it is one run: all its patches
  /// are in memory before the first is written.
  static let maximumLength: UInt64 = 256 << 20

  /// The jobs of a plan's runs, in their order.
  static func jobs(of runs: [WrittenRun]) -> [ShrinkJob] {
    var jobs: [ShrinkJob] = []
    var start = 0
    var length: UInt64 = 0
    for (index, run) in runs.enumerated() {
      if index > start {
        let last = runs[index - 1]
        if run.path != last.path || run.finalPath != last.finalPath
          || length >= maximumLength || run.length > maximumLength - length
        {
          jobs.append(ShrinkJob(runs: start..<index))
          start = index
          length = 0
        }
      }
      length += run.length
    }
    if start < runs.count { jobs.append(ShrinkJob(runs: start..<runs.count)) }
    return jobs
  }

  /// How many bytes the runs write.
  func length(in plan: Plan) -> UInt64 { plan.runs[runs].reduce(0) { $0 + $1.length } }

  /// How each run travels.
  func work(
    _ plan: Plan, _ matcher: OldFileMatcher?, _ maker: PatchMaker, _ opener: FileOpener?
  ) throws(BuildError) -> [[ShrunkPart]] {
    var results: [[ShrunkPart]] = []
    var old: OldRange?
    var windows = matcher.map { OldWindows($0, for: plan.runs[runs]) }
    for run in plan.runs[runs] {
      if Task.isCancelled { throw .cancelled }
      results.append(try parts(of: run, plan, &windows, maker, opener, &old))
    }
    return results
  }

  /// How one run travels; the old file of the run before is kept, as it mostly is the same one.
  private func parts(
    of run: WrittenRun, _ plan: Plan, _ windows: inout OldWindows?, _ maker: PatchMaker,
    _ opener: FileOpener?, _ old: inout OldRange?
  ) throws(BuildError) -> [ShrunkPart] {
    let matcher = windows?.matcher
    guard matcher != nil || opener != nil, run.length >= UInt64(PatchMaker.minimumLength) else {
      return [ShrunkPart(offset: run.offset, length: run.length, form: .writes)]
    }
    let new = try plan.contents(of: run, from: matcher?.tree)
    let file = try matcher?.oldFile(of: run, new: new)
    let opened = try opener.flatMap { (opener) throws(BuildError) in
      try OpenedSearch(opener: opener, maker: maker, matcher: matcher)
        .part(of: run, new, from: file)
    }
    let candidate = opened.map { opened in
      ShrunkPart(
        offset: run.offset, length: run.length, form: .opened(opened), clones: run.clones)
    }
    if let candidate, maker.isClearlyBest(candidate, of: new) { return [candidate] }
    let parts = try unopened(run, new, file, &windows, maker, &old)
    if let candidate, maker.isSmaller(candidate, than: parts, of: new, from: run.offset) {
      return [candidate]
    }
    guard parts.count == 1, let matcher else { return parts }
    return [
      try further(parts[0], of: run, new, from: file == nil ? nil : old, matcher, maker)
    ]
  }

  /// How one run travels with no file opened, and from no more than one.
  private func unopened(
    _ run: WrittenRun, _ new: [UInt8], _ file: ParentIndex.File?, _ windows: inout OldWindows?,
    _ maker: PatchMaker, _ old: inout OldRange?
  ) throws(BuildError) -> [ShrunkPart] {
    guard let file, let matcher = windows?.matcher else {
      return [ShrunkPart(offset: run.offset, length: run.length, form: .writes)]
    }
    let chunk = UInt64(maker.form.chunkLength)
    let ends = windows?.ends(of: run, in: file, chunk: chunk) ?? []
    var parts: [ShrunkPart] = []
    var start = run.offset
    for end in ends {
      let range = Int(start - run.offset)..<Int(end - run.offset)
      let block = ends.count == 1 ? new : Array(new[range])
      let source = try windows?.source(for: block.rawSpan, at: start, in: file)
      if let source, old?.sources != [source] {
        old = try matcher.load([source], isWholeFile: source.length == file.size)
      }
      let clones = run.clones.filter { $0.offset >= start && $0.end <= end }
      do throws(DiffError) {
        parts += try maker.parts(
          of: block, at: start, from: old,
          isWholeFile: start == 0 && runs.count == 1 && ends.count == 1, clones: clones)
      } catch { throw .diff(error) }
      start = end
    }
    return parts
  }

  /// What is found to do better, from more files, or from other ones.
  private func further(
    _ part: ShrunkPart, of run: WrittenRun, _ new: [UInt8], from old: OldRange?,
    _ matcher: OldFileMatcher, _ maker: PatchMaker
  ) throws(BuildError) -> ShrunkPart {
    let search = FurtherSources(
      matcher: matcher, maker: maker, isWholeFile: run.offset == 0 && runs.count == 1)
    return try search.improve(part, of: run, new, from: old)
  }
}
