internal import Bytes
internal import Crypto
public import Linux

extension TreeSummary {
  /// The same of what a catalog says, reading every file once.
  ///
  /// - Parameter progress: is told how far it has come, at least once an entry and once a file
  ///   chunk of 256 KiB.
  /// - Throws: `ECANCELED` if `progress` says so, `ESTALE` for a file that is not as long as the
  ///   catalog says, besides what the calls give.
  public init(
    of catalog: TreeCatalog, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var listing = TreeListing()
    var totals = TreeTotals()
    var firstPaths: [Int: [UInt8]] = [:]
    for entry in catalog.entries {
      totals.entries += 1
      let inode = catalog.inodes[entry.inode]
      if let firstPath = firstPaths[entry.inode] {
        listing.append(entry.path, linkTo: firstPath)
      } else {
        if inode.linkCount > 1 { firstPaths[entry.inode] = entry.path }
        let isFile = inode.type == .regular
        let data = isFile ? try catalog.digest(of: entry, inode.size, &totals, progress) : nil
        listing.append(entry.path, inode, data: data)
      }
      try catalog.report(totals, entry.path, to: progress)
    }
    self.init(digest: listing.finalize(), totals: totals, leftOut: catalog.leftOut)
  }

  private init(digest: TreeDigest, totals: TreeTotals, leftOut: [[UInt8]]) {
    self.digest = digest
    self.totals = totals
    self.leftOut = leftOut
  }
}

extension TreeCatalog {
  /// The SHA-256 of a file's bytes.
  fileprivate func digest(
    of entry: Entry, _ expected: UInt64, _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) -> SHA256Digest {
    let file = try root.directory.open(beneath: entry.path, [.noFollow, .nonBlocking])
    var hasher = SHA256()
    var size: UInt64 = 0
    let isLonger = try file.status().size > expected
    let capacity = min(max(Int(clamping: expected), 1), TreeLimits.chunk)
    while size < expected {
      let chunk = try [UInt8].reading(capacity: capacity) { (out) throws(SystemError) in
        try file.fill(&out)
      }
      if chunk.isEmpty { break }
      hasher.update(chunk.rawSpan)
      size += UInt64(chunk.count)
      totals.dataBytes += UInt64(chunk.count)
      try report(totals, entry.path, to: progress)
    }
    guard size == expected, !isLonger else {
      throw SystemError(operation: "read", path: file.path, errno: .stale)
    }
    return hasher.finalize()
  }

  fileprivate func report(
    _ totals: TreeTotals, _ path: [UInt8], to progress: TreeProgress
  ) throws(SystemError) {
    if !progress(totals) {
      throw SystemError(
        operation: "read", path: String(decoding: path, as: UTF8.self), errno: .canceled)
    }
  }
}
