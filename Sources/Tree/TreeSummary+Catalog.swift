internal import Bytes
internal import Crypto
public import Linux

extension TreeSummary {
  /// Goes through what a catalog lists, reading every file once: the same as of a directory that
  /// holds just that.
  ///
  /// - Parameter progress: is told how far it has come, at least once an entry and once a file
  ///   chunk of 256 KiB.
  /// - Throws: `ECANCELED` if `progress` says so, `ESTALE` if a file is not as long as the catalog
  ///   says, besides what the calls give.
  public init(
    of catalog: TreeCatalog, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var listing = TreeListing()
    var totals = TreeTotals()
    var firstPaths = [Int?](repeating: nil, count: catalog.inodes.count)
    for (index, entry) in catalog.entries.enumerated() {
      totals.entries += 1
      let inode = catalog.inodes[entry.inode]
      if let first = firstPaths[entry.inode] {
        listing.append(entry.path, linkedTo: catalog.entries[first].path)
      } else {
        firstPaths[entry.inode] = index
        var data: SHA256Digest?
        if inode.type == .regular {
          data = try catalog.digestData(of: entry, &totals, progress)
        }
        listing.append(entry.path, inode, data: data)
      }
      try CatalogFile.report(totals, catalog.root.directory.path, to: progress)
    }
    self.init(digest: listing.finalize(), totals: totals, leftOut: catalog.leftOut)
  }
}

extension TreeCatalog {
  /// The SHA-256 of a regular file's bytes.
  func digestData(
    of entry: Entry, _ totals: inout TreeTotals, _ progress: TreeProgress
  ) throws(SystemError) -> SHA256Digest {
    let contents = try CatalogFile(of: entry, in: self)
    var hasher = SHA256()
    while true {
      let chunk = try contents.nextChunk()
      if chunk.isEmpty { return hasher.finalize() }
      hasher.update(chunk.rawSpan)
      totals.dataBytes += UInt64(chunk.count)
      try CatalogFile.report(totals, contents.path, to: progress)
    }
  }
}
