internal import Btrfs
internal import Bytes
internal import DeltaStream
internal import Linux
internal import SendStream
internal import Tree
internal import UpdateFile

/// One build, from open trees to the finished file.
struct BuildRun: ~Copyable {
  private let options: BuildOptions
  private let progress: BuildProgress
  private let budget: MemoryBudget
  private let versions: (from: UInt64?, to: UInt64)
  private let child: OpenSubvolume
  private let parent: OpenSubvolume?

  /// Opens the trees and checks that they can be built from.
  init(_ options: BuildOptions, progress: BuildProgress) throws(BuildError) {
    guard Machine.isRoot else { throw .notRoot }
    guard !options.keys.isEmpty else { throw .noKey }
    self.options = options
    self.progress = progress
    budget = try MemoryBudget(total: options.maximumApplyMemory)
    child = try OpenSubvolume(options.child)
    if let path = options.parent {
      parent = try OpenSubvolume(path, withParentOf: child)
    } else {
      parent = nil
    }
    versions = try Self.versions(options, child: child.name, parent: parent?.name)
  }

  /// Builds the update.
  consuming func build() async throws(BuildError) -> BuildReport {
    let plan = try makePlan()
    let trees = try BuildTrees(child: child, parent: parent, progress: progress)
    let sink = DeltaSink(base: plan.base, file: try temporary("delta"))
    let shrinker = Shrinker(
      plan: plan, matcher: trees.matcher,
      maker: PatchMaker(
        form: NormalForm(base: plan.base), maximumPatchLength: budget.maximumPatchLength),
      jobCount: options.jobs, progress: progress)
    let counts = try await shrinker.run(into: sink)
    guard try sink.finish() == plan.digest else {
      throw .selfCheckFailed("the plan changed while it was read")
    }
    return try seal(plan, trees, sink, counts)
  }

  private func temporary(_ purpose: String) throws(BuildError) -> Descriptor {
    do throws(SystemError) { return try TemporaryFile.beside(options.output, purpose) } catch {
      throw .system(error)
    }
  }

  /// Has the kernel send the child, and makes the plan of it.
  private func makePlan() throws(BuildError) -> Plan {
    var planner = Planner(
      base: options.streamVersion, hasParent: parent != nil, file: try temporary("plan"))
    do throws(SystemError) {
      var sender = try Sender(
        child.root, parentID: parent?.info.id,
        SendOptions(version: UInt32(options.streamVersion)))
      try Self.feed(&planner, from: &sender, progress)
      try sender.finish()
    } catch { throw .system(error) }
    return try planner.finish()
  }
}
