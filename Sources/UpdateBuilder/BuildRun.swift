internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Recompress
internal import SendStream
internal import Signing
internal import UpdateFile
internal import XZ

/// One build, from open trees to the finished file.
struct BuildRun {
  let options: BuildOptions
  let progress: BuildProgress
  let budget: MemoryBudget
  let versions: Versions
  let trees: BuildTrees

  /// The numbers of the versions.
  struct Versions {
    var from: UInt64?
    var to: UInt64
  }

  /// Opens the trees and checks that they can be built from.
  init(_ options: BuildOptions, progress: BuildProgress) throws(BuildError) {
    guard options.plan != .send || Machine.isRoot else { throw .notRoot }
    try Self.checkKeys(options)
    guard (1...2).contains(options.streamVersion) else {
      throw .unsupportedStreamVersion(options.streamVersion)
    }
    self.options = options
    self.progress = progress
    if let version = options.deviceZstd, version != Recipe.zstdVersion {
      throw .otherZstd(device: version, here: Recipe.zstdVersion)
    }
    budget = try MemoryBudget(total: options.maximumApplyMemory)
    try Self.checkNames(options)
    try Self.checkOutput(options.output)
    trees = try BuildTrees(options, progress)
    versions = try Self.versions(options)
    guard versions.from != versions.to else { throw .sameVersion(versions.to) }
    if let from = versions.from, from > versions.to, !options.allowsOlder {
      throw .olderVersion(parent: from, child: versions.to)
    }
  }

  /// What would fail in the end fails at once.
  private static func checkOutput(_ path: String) throws(BuildError) {
    do throws(SystemError) { try OutputFile.checkReplaceable(path) } catch {
      throw .system(error)
    }
  }

  private static func checkNames(_ options: BuildOptions) throws(BuildError) {
    do throws(UpdateFileError) {
      if let product = options.product { try Manifest.check(product, .product) }
    } catch { throw .updateFile(error) }
  }

  /// A head holds each key's signature once, and not too many.
  private static func checkKeys(_ options: BuildOptions) throws(BuildError) {
    let keys = options.keys
    guard keys.isEmpty == options.isUnsigned else {
      throw keys.isEmpty ? .noKey : .keyOfUnsigned
    }
    do throws(UpdateFileError) { try options.keyChanges.check() } catch {
      throw .updateFile(error)
    }
    guard keys.count <= UpdateHead.maximumSignatureCount else {
      throw .updateFile(.tooManySignatures)
    }
    var known: Set<SHA256Digest> = []
    for key in keys where !known.insert(key.verificationKey.keyID).inserted {
      throw .updateFile(.duplicateSignature(keyID: key.verificationKey.keyID))
    }
  }

  /// Builds the update.
  func build() async throws(BuildError) -> BuildReport {
    var update = try await makePlan()
    let matcher = try matcher(update.matcher, for: update.plan)
    update.plan = try await share(update.plan, matcher)
    let plan = update.plan
    let opener = opener
    let complete = try matcher?.withNewFiles(of: plan, opensFiles: opener != nil) {
      progress.goesOn(.sketching, done: $0)
    }
    let sink = DeltaSink(
      base: plan.base,
      cuts: CutRule(least: options.minimumSectionLength, streamLength: plan.length),
      file: try temporary("delta"))
    let shrinker = Shrinker(
      plan: plan, matcher: complete,
      maker: PatchMaker(
        form: NormalForm(base: plan.base), maximumPatchLength: budget.maximumPatchLength,
        maximumPatchMemory: budget.maximumPatchMemory, mayShare: budget.keepsKnowledge),
      opener: opener,
      jobCount: Swift.max(1, options.jobs), progress: progress)
    try await shrinker.run(into: sink)
    guard try sink.finish() == plan.digest else { throw .planChanged }
    return try seal(update, sink)
  }

  /// What opens files, if any may be opened.
  private var opener: FileOpener? {
    var kinds = options.recompressKinds
    if options.deviceZstd == nil { kinds.remove(.zstd) }
    guard !kinds.isEmpty else { return nil }
    let output = options.output
    return FileOpener(
      kinds: kinds, maximumMemory: budget.maximumOpenedMemory,
      maximumLength: options.clampedPatchInput
    ) { () throws(SystemError) in try TemporaryFile.beside(output, "opened") }
  }

  private static func versions(_ options: BuildOptions) throws(BuildError) -> Versions {
    var from: UInt64?
    if let parent = options.parent {
      from = try version(options.fromVersion, of: parent, options)
    }
    return Versions(from: from, to: try version(options.toVersion, of: options.child, options))
  }

  private static func version(
    _ given: UInt64?, of path: String, _ options: BuildOptions
  ) throws(BuildError) -> UInt64 {
    if let given { return given }
    if let chain = try TreeSource(text: path).chain(options.chainTrust) {
      return chain.last.toVersion
    }
    guard let version = VersionName.version(of: path, prefix: options.prefix) else {
      throw .noVersion(path: path, prefix: options.prefix)
    }
    return version
  }

  func temporary(_ purpose: String) throws(BuildError) -> Descriptor {
    do throws(SystemError) { return try TemporaryFile.beside(options.output, purpose) } catch {
      throw .system(error)
    }
  }

  /// The matcher as the options want it, with what it has to know of the parent's contents.
  private func matcher(
    _ matcher: OldFileMatcher?, for plan: Plan
  ) throws(BuildError) -> OldFileMatcher? {
    guard var matcher else { return nil }
    matcher.maximumInput = options.clampedPatchInput
    return try matcher.withSketches(for: plan.runs) { progress.goesOn(.sketching, done: $0) }
  }

  /// Has blocks that the parent has shared instead of written.
  private func share(_ plan: Plan, _ matcher: OldFileMatcher?) async throws(BuildError) -> Plan {
    guard let matcher, let minimum = options.minimumCloneLength else { return plan }
    let finder = CloneFinder(
      matcher: matcher, minimumLength: Swift.max(minimum, PatchClone.blockLength))
    return try await CloneRewriter(
      plan: plan, finder: finder, jobCount: Swift.max(1, options.jobs), progress: progress
    ).run { () throws(BuildError) in try temporary("sharing") }
  }
}
