internal import Bytes
public import Crypto
public import Linux

/// What a tree holds, in two SHA-256 values over canonical listings, which `docs/tree-digest.md`
/// specifies to the byte.
///
/// The same on any file system, and whatever the tree's history: directory sizes, access, change
/// and creation times, the layout of holes and extents, inode numbers and flags, `trusted.`
/// attributes and nested subvolumes are not in it.
public struct TreeDigest: Hashable, Sendable {
  /// Paths, types, permissions, owners, extended attributes, link structure, devices, targets of
  /// symbolic links, and file contents.
  public var content: SHA256Digest

  /// All of that, and modification times in nanoseconds.
  public var full: SHA256Digest

  /// The two values.
  public init(content: SHA256Digest, full: SHA256Digest) {
    self.content = content
    self.full = full
  }
}

/// A tree's digest, and what was met on the way to it.
public struct TreeSummary: Hashable, Sendable {
  /// The digest.
  public var digest: TreeDigest
  /// How much the tree holds.
  public var totals: TreeTotals
  /// Mount points, nested subvolumes and what stands for these in snapshots: not in the digest.
  public var leftOut: [[UInt8]]

  init(digest: TreeDigest, totals: TreeTotals, leftOut: [[UInt8]]) {
    self.digest = digest
    self.totals = totals
    self.leftOut = leftOut
  }

  /// Goes through the tree below an open directory, reading every file once.
  ///
  /// The tree must not change meanwhile; where that is noticed, it is `ESTALE`.
  ///
  /// - Parameter progress: is told how far it has come, at least once an entry and once a file
  ///   chunk of 256 KiB.
  /// - Throws: `ECANCELED` if `progress` says so, besides what the calls give.
  public init(
    of root: borrowing Descriptor, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var walker = try TreeWalker(root)
    var listing = TreeListing()
    var totals = TreeTotals()
    while let node = try walker.next() {
      totals.entries += 1
      var payload: SHA256Digest?
      if node.status.type == .regular, node.firstPath == nil {
        payload = try node.digestData(&totals, progress)
      }
      try listing.append(node, data: payload)
      try node.report(totals, to: progress)
    }
    digest = listing.finalize()
    self.totals = totals
    leftOut = walker.leftOut
  }
}

extension TreeNode {
  /// The SHA-256 of the file's bytes.
  fileprivate func digestData(
    _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) -> SHA256Digest {
    var hasher = SHA256()
    var size: UInt64 = 0
    while size < status.size {
      let chunk = try readChunk()
      if chunk.isEmpty { throw changed }
      hasher.update(chunk.rawSpan)
      size += UInt64(chunk.count)
      totals.dataBytes += UInt64(chunk.count)
      try report(totals, to: progress)
    }
    if size != status.size { throw changed }
    return hasher.finalize()
  }

  func report(_ totals: TreeTotals, to progress: TreeProgress) throws(SystemError) {
    if !progress(totals) {
      throw SystemError(operation: "read", path: descriptor.path, errno: .canceled)
    }
  }
}
