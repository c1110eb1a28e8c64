internal import Bytes
internal import DeltaStream

// Finding what else a file is made of: of a file that was merged, split or copied, one old file has
// but a part.
extension OldFileMatcher {
  /// The longest file that is one of several sources, in bytes.
  private static let maximumFurther: UInt64 = 64 << 20
  /// How many files are looked into, of each tree.
  private static let candidateCount = 3
  /// How many features have to be found, and which share of all.
  private static let minimumFound = 4
  private static let minimumShare = 8

  /// This matcher with the files of the new tree that no path leads to in the parent.
  ///
  /// - Parameter opensFiles: whether the others are wanted as well, as parts of opened files.
  func withNewFiles(
    of plan: Plan, opensFiles: Bool = false, _ goesOn: (UInt64) -> Bool
  ) throws(BuildError) -> OldFileMatcher {
    let whole = plan.runs.filter(\.isWholeNewFile)
    var runs = whole.filter { needsSketches($0) }
    if runs.count <= 1 { runs = [] }
    let named = opensFiles ? whole.filter { $0.length >= Self.minimumSketched } : []
    guard !runs.isEmpty || named.count > 1 else { return self }
    var matcher = self
    matcher.newFiles = try NewFiles(runs, named: named, of: plan, tree, goesOn)
    return matcher
  }

  /// The file of either tree that has most of what the sources so far do not have; `nil` if none
  /// has a good part of it.
  func furtherSource(
    for rest: [UInt8], of run: WrittenRun, besides known: [PatchSource]
  ) throws(BuildError) -> PatchSource? {
    let wanted = ContentSketch(of: rest.rawSpan, count: ContentSketch.fineCount)
    let taken = known.reduce(0) { $0 + $1.length }
    var best: (source: PatchSource, found: Int)?
    for source in furtherCandidates(like: wanted, run, count: Self.candidateCount + known.count)
    where !known.contains(where: { $0.path == source.path && $0.tree == source.tree })
      && source.length <= Swift.min(Self.maximumFurther, maximumInput)
        - Swift.min(taken, maximumInput)
    {
      var count = FeatureCount(of: wanted)
      let bytes = try read(source)
      count.add(bytes.rawSpan)
      if count.found > best?.found ?? 0 { best = (source, count.found) }
    }
    guard let best, best.found >= Self.minimumFound,
      best.found * Self.minimumShare >= wanted.features.count
    else { return nil }
    return best.source
  }

  private func furtherCandidates(
    like sketch: ContentSketch, _ run: WrittenRun, count: Int
  ) -> [PatchSource] {
    let old = sketches?.files(like: sketch, limit: count).map(index.file(number:)) ?? []
    let new = newFiles?.sources(like: sketch, before: run, limit: count) ?? []
    return old.map { PatchSource(path: $0.path, offset: 0, length: $0.size) } + new
  }
}
