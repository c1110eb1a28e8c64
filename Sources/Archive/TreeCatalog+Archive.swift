internal import Bytes
public import Linux
public import Tree

extension TreeCatalog {
  /// The tree that a tar archive holds: ustar, pax, GNU or star, plain or compressed by gzip, xz or
  /// zstd.
  ///
  /// Any user may do that: the contents of files go into a directory for this user only, and owners,
  /// permissions, devices, links and attributes only into the catalog. Nothing outside of that
  /// directory is touched, whatever the archive says. `docs/trees.md` says what comes of an archive
  /// that leaves something open.
  ///
  /// Memory: what a catalog takes, twice, and what decompressing takes, at most
  /// ``ArchiveLimits/decoderMemory``. Disk: the length of all files.
  ///
  /// - Parameters:
  ///   - file: the archive, read from its position on.
  ///   - place: the directory in which the temporary one is made.
  ///   - progress: is told how far it has come, once a member and once a piece of data.
  /// - Throws: ``ArchiveError``; `ECANCELED` in it if `progress` says so.
  public init(
    archive file: consuming Descriptor, temporaryIn place: String = TemporaryTree.standardPlace,
    progress: TreeProgress = { _ in true }
  ) throws(ArchiveError) {
    var totals = TreeTotals()
    let path = file.path
    var reader = TarReader(try ArchiveStream(file))
    // The first header shows whether it is an archive at all, before there is a directory.
    var next = try reader.next()
    var tree = try ArchiveTree(in: place)
    while let member = next {
      totals.entries += 1
      try tree.add(member, from: &reader) { (count) throws(SystemError) in
        totals.dataBytes += UInt64(count)
        guard progress(totals) else {
          throw SystemError(operation: "read", path: path, errno: .canceled)
        }
      }
      next = try reader.next()
    }
    self = try tree.catalog()
  }

  /// Whether a file begins like an archive that can be read.
  ///
  /// - Parameter file: read from its position on.
  public static func isArchive(_ file: consuming Descriptor) -> Bool {
    guard var stream = try? ArchiveStream(file),
      let block = try? stream.take(TarHeader.blockLength)
    else { return false }
    return TarHeader.hasChecksum(block.rawSpan)
  }
}
