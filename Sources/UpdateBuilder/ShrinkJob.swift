internal import BinaryDiff
internal import Bytes
internal import DeltaStream

/// Runs that are worked on together: they follow each other in one file, so that its old self is
/// sorted once.
struct ShrinkJob: Sendable {
  let runs: Range<Int>

  /// The jobs of a plan, in its order.
  static func jobs(of plan: Plan) -> [ShrinkJob] {
    var jobs: [ShrinkJob] = []
    var start = 0
    for index in plan.runs.indices {
      let next = index + 1
      if next < plan.runs.count, plan.runs[next].path == plan.runs[index].path,
        plan.runs[next].finalPath == plan.runs[index].finalPath, next - start < 4096
      {
        continue
      }
      jobs.append(ShrinkJob(runs: start..<next))
      start = next
    }
    return jobs
  }

  /// How each run travels.
  func work(
    _ plan: Plan, _ matcher: OldFileMatcher?, _ maker: PatchMaker
  ) throws(BuildError) -> [[ShrunkPart]] {
    var results: [[ShrunkPart]] = []
    var old: OldRange?
    for run in plan.runs[runs] {
      let new = try plan.contents(of: run)
      guard let matcher, let file = try matcher.oldFile(of: run, new: new) else {
        results.append([ShrunkPart(offset: run.offset, length: run.length, form: .writes)])
        continue
      }
      let source = matcher.range(of: file, for: run.offset)
      if old?.source != source { old = try matcher.load(source) }
      do throws(DiffError) {
        results.append(try maker.parts(of: new, at: run.offset, from: old))
      } catch { throw .diff(error) }
    }
    return results
  }
}
