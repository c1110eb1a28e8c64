internal import Bytes
internal import Crypto
public import Linux

extension TreeSummary {
  /// The digests of what a catalog says, the same as of a directory that is like that.
  ///
  /// Reads every file once.
  ///
  /// - Parameter progress: is told how far it has come, at least once a file and once a file chunk of
  ///   256 KiB.
  /// - Throws: `ECANCELED` if `progress` says so, and `ESTALE` of a file that changes meanwhile, besides
  ///   what the calls give.
  public init(
    of catalog: TreeCatalog, progress: TreeProgress = { _ in true }
  ) throws(SystemError) {
    var totals = TreeTotals()
    totals.entries = UInt64(catalog.entries.count)
    var contents = TreeContents(inodeCount: catalog.inodes.count)
    contents.add(
      try catalog.contents(of: catalog.regularFiles) { done in
        totals.dataBytes = done
        return progress(totals)
      })
    self.init(of: catalog, contents)
  }

  /// The digests of what a catalog says, whose files were read before.
  public init(of catalog: TreeCatalog, _ contents: TreeContents) {
    var listing = TreeListing()
    var totals = TreeTotals()
    totals.entries = UInt64(catalog.entries.count)
    var firstNames = [Int](repeating: -1, count: catalog.inodes.count)
    for (index, entry) in catalog.entries.enumerated() {
      let first = firstNames[entry.inode]
      if first >= 0 {
        listing.append(entry.path, linkedTo: catalog.entries[first].path)
        continue
      }
      firstNames[entry.inode] = index
      let inode = catalog.inodes[entry.inode]
      let isFile = inode.type == .regular
      if isFile { totals.dataBytes += inode.size }
      listing.append(entry.path, inode, data: isFile ? contents[entry.inode].digest : nil)
    }
    self.init(digest: listing.finalize(), totals: totals, leftOut: catalog.leftOut)
  }
}
