internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import SendStream

/// Writes the delta stream: the plan with runs of WRITEs replaced by patches, and nothing else.
struct Shrinker {
  let plan: Plan
  let matcher: OldFileMatcher?
  let maker: PatchMaker
  /// `nil` if no file is opened.
  let opener: FileOpener?
  let jobCount: Int
  let progress: BuildProgress

  /// How many results may wait for their turn, and how many bytes they make together: a patch that
  /// shares what it learns has all of them in memory.
  private static let window = 64
  private static let windowLength: UInt64 = 512 << 20

  /// Works on the runs in parallel and hands the commands on in the plan's order.
  ///
  /// The result does not depend on how many jobs run at a time.
  func run(into sink: DeltaSink) async throws(BuildError) {
    var writer = DeltaWriter(plan, sink, newFiles: matcher?.newFiles)
    do {
      try await withThrowingTaskGroup(of: (Int, [[ShrunkPart]]).self) { group in
        try await run(&group, &writer)
      }
    } catch let error as BuildError {
      throw error
    } catch {
      // Only the task's own cancellation is no BuildError.
      throw .cancelled
    }
    try writer.finish()
  }

  private func run(
    _ group: inout ThrowingTaskGroup<(Int, [[ShrunkPart]]), any Error>, _ writer: inout DeltaWriter
  ) async throws {
    let jobs = ShrinkJob.jobs(of: plan.runs)
    var waiting: [Int: [[ShrunkPart]]] = [:]
    var started = 0
    var written = 0
    var length: UInt64 = 0
    while written < jobs.count {
      while started < jobs.count, started - written < Self.window,
        started == written || length + jobs[started].length(in: plan) <= Self.windowLength,
        started - written - waiting.count < jobCount
      {
        length += jobs[started].length(in: plan)
        let (index, job, plan, matcher) = (started, jobs[started], plan, matcher)
        let (maker, opener) = (maker, opener)
        group.addTask { (index, try job.work(plan, matcher, maker, opener)) }
        started += 1
      }
      guard let parts = waiting.removeValue(forKey: written) else {
        guard let (index, parts) = try await group.next() else { break }
        waiting[index] = parts
        continue
      }
      for (run, parts) in zip(plan.runs[jobs[written].runs], parts) {
        try writer.write(run, as: parts)
      }
      length -= jobs[written].length(in: plan)
      written += 1
      try progress.report(.shrinking, done: writer.planOffset, of: plan.length)
    }
  }
}
