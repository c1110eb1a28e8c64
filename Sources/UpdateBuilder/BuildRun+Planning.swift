internal import Btrfs
internal import Bytes
internal import Linux
internal import Tree

extension BuildRun {
  /// Makes the plan: what the options want, or the shorter one.
  func makePlan() async throws(BuildError) -> PlannedUpdate {
    guard let trees = trees.compared else { return try sentUpdate() }
    let compared = try await comparedUpdate(trees)
    guard self.trees.sent != nil else { return compared }
    let sent = try sentUpdate()
    return sent.plan.length <= compared.plan.length ? sent : compared
  }

  /// Plans from what the trees hold.
  private func comparedUpdate(
    _ trees: (parent: TreeCatalog?, child: TreeCatalog)
  ) async throws(BuildError) -> PlannedUpdate {
    let jobs = Swift.max(1, options.jobs)
    let new = try await PlannedTree(reading: trees.child, jobs: jobs, progress)
    var old: PlannedTree?
    if let parent = trees.parent {
      old = try await PlannedTree(reading: parent, jobs: jobs, progress)
    }
    let planner = try TreePlanner(
      from: old, to: new, as: self.trees.sent?.identity, base: options.streamVersion,
      file: try temporary("plan"), progress: progress)
    let plan = try planner.plan(named: "\(options.prefix)_v\(versions.to)")
    return PlannedUpdate(
      plan: plan, child: new.summary, parent: old?.summary,
      matcher: try old.map { (old) throws(BuildError) in
        OldFileMatcher(index: ParentIndex(of: old.catalog), tree: try self.trees.oldTree())
      },
      parentUUID: self.trees.sent?.parentUUID ?? .none, date: new.catalog.newestChange)
  }

  /// Has the kernel send the child, and makes the plan of it.
  private func sentUpdate() throws(BuildError) -> PlannedUpdate {
    guard let trees = trees.sent else { throw .planFailedCheck("nothing to send") }
    let plan = try sentPlan(trees)
    let digests = try trees.digests(progress)
    return PlannedUpdate(
      plan: plan, child: digests.child, parent: digests.parent, matcher: digests.matcher,
      parentUUID: trees.parentUUID ?? .none, date: trees.childCreationTime)
  }

  private func sentPlan(_ trees: SentTrees) throws(BuildError) -> Plan {
    var planner = Planner(
      base: options.streamVersion, child: trees.child, hasParent: trees.hasParent,
      file: try temporary("plan"))
    var sender = try trees.sender(version: options.streamVersion)
    var length: UInt64 = 0
    while true {
      var chunk: [UInt8] = []
      do throws(SystemError) {
        try chunk.append(upTo: Plan.readLength) { (out) throws(SystemError) in
          try sender.read(into: &out)
        }
      } catch { throw .system(error) }
      if chunk.isEmpty { break }
      try planner.add(chunk.rawSpan)
      length += UInt64(chunk.count)
      try progress.report(.planning, done: length)
    }
    return try planner.finish()
  }
}
