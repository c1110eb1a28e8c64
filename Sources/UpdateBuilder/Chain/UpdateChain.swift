internal import Bytes
internal import DeltaStream
internal import Linux
internal import Recompress
internal import SendStream
internal import Tree
internal import UpdateFile

/// Updates that follow one another, and the tree that comes out when they are carried out: without
/// btrfs, without root, and without changing the tree that they start from.
struct UpdateChain {
  /// One update, open.
  final class Link: Sendable {
    let file: FinishedUpdate
    /// What it says; nobody has to believe it but for ``ChainTrust/anybody``.
    let manifest: Manifest

    init(_ path: String, _ trust: ChainTrust) throws(ChainError.Reason) {
      do throws(FinishedUpdateError) { file = try FinishedUpdate(path: path) } catch {
        throw .file(error)
      }
      guard case .keys(let keys) = trust else {
        manifest = file.manifest
        return
      }
      guard !keys.isEmpty else { throw .noKey }
      do throws(UpdateFileError) { manifest = try file.head.verified(by: keys).manifest } catch {
        throw .file(.updateFile(error))
      }
    }
  }

  /// The updates in their order; at least one.
  let links: [Link]
  /// What the last one says.
  let last: Manifest

  /// Opens updates, and checks that each begins where the one before it ends.
  init(_ paths: [String], _ trust: ChainTrust) throws(ChainError) {
    var links: [Link] = []
    for path in paths {
      do throws(ChainError.Reason) {
        let link = try Link(path, trust)
        if let before = links.last { try link.check(after: before) }
        links.append(link)
      } catch { throw ChainError(path: path, reason: error) }
    }
    guard let last = links.last?.manifest else {
      throw ChainError(path: "", reason: .file(.updateFile(.notAnUpdateFile)))
    }
    self.links = links
    self.last = last
  }

  /// The first of them that starts from a tree, if it is the first.
  var parent: Manifest.Parent? { links.first?.manifest.parent }

  /// Carries all of them out.
  ///
  /// Room on disk: a copy of the tree, where it cannot be shared with the parent; one more of what
  /// the last two updates change.
  ///
  /// - Parameters:
  ///   - parent: the tree that the first one starts from; a full update needs none.
  ///   - place: the directory in which the tree's contents are kept as long as anybody uses them.
  func catalog(
    from parent: TreeCatalog?, in place: String, _ progress: BuildProgress
  ) throws(BuildError) -> TreeCatalog {
    var tree = parent
    if let first = links.first { try Self.checkParent(parent, of: first, progress) }
    for (index, link) in links.enumerated() {
      var run = ChainRun(link: link, place: place, progress: progress)
      run.ownsParent = index > 0
      tree = try run.run(from: link.manifest.parent == nil ? nil : tree)
    }
    guard let tree, let link = links.last else { throw .chain(links[0].error(.parentMissing)) }
    try Self.check(tree, of: link, progress)
    return tree
  }

  private static func checkParent(
    _ tree: TreeCatalog?, of link: Link, _ progress: BuildProgress
  ) throws(BuildError) {
    guard let parent = link.manifest.parent else { return }
    guard let tree else { throw .chain(link.error(.parentMissing)) }
    let digest = try summary(of: tree, progress).digest
    guard digest.content == parent.contentDigest else { throw .chain(link.error(.parentDiffers)) }
    guard digest.full == parent.fullDigest else { throw .chain(link.error(.parentTimesDiffer)) }
  }

  /// That the plain streams were what was signed was proven already; that they were for this tree,
  /// only this shows.
  private static func check(
    _ tree: TreeCatalog, of link: Link, _ progress: BuildProgress
  ) throws(BuildError) {
    let target = link.manifest.target
    // Before files are read that only somebody says are short.
    var size: UInt64 = 0
    for inode in tree.inodes { size = size.addingReportingOverflow(inode.size).partialValue }
    guard size == target.dataSize, UInt64(tree.entries.count) == target.entryCount else {
      throw .chain(link.error(.targetDiffers))
    }
    let digest = try summary(of: tree, progress).digest
    guard digest.content == target.contentDigest, digest.full == target.fullDigest else {
      throw .chain(link.error(.targetDiffers))
    }
  }

  private static func summary(
    of tree: TreeCatalog, _ progress: BuildProgress
  ) throws(BuildError) -> TreeSummary {
    do throws(SystemError) {
      return try TreeSummary(of: tree) { totals in
        progress.goesOn(.digesting, done: totals.dataBytes)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
  }
}

extension UpdateChain.Link {
  /// An error about this update.
  func error(_ reason: ChainError.Reason) -> ChainError {
    ChainError(path: file.path, reason: reason)
  }

  fileprivate func check(after before: UpdateChain.Link) throws(ChainError.Reason) {
    let target = before.manifest.target
    guard let parent = manifest.parent, parent.version == before.manifest.toVersion,
      parent.contentDigest == target.contentDigest, parent.fullDigest == target.fullDigest
    else { throw .doesNotFollow(before.file.path) }
    guard manifest.product == before.manifest.product else {
      throw .otherProduct(before.file.path)
    }
  }
}
