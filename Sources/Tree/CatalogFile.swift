internal import Linux

/// The contents of a regular file of a catalog, from the first byte to the last.
final class CatalogFile {
  private let file: Descriptor
  private let size: UInt64
  private var offset: UInt64 = 0

  /// Opens the file of a name.
  ///
  /// - Throws: `ESTALE` if it has another size than the catalog says, besides what the calls give.
  init(of entry: TreeCatalog.Entry, in catalog: TreeCatalog) throws(SystemError) {
    file = try catalog.root.directory.open(
      beneath: entry.path, [.readOnly, .noFollow, .nonBlocking])
    size = catalog.inodes[entry.inode].size
    let status = try file.status()
    if status.type != .regular || status.size != size { throw changed }
  }

  /// Which file it is, for error messages.
  var path: String { file.path }

  /// The next bytes; none at the end. Two files of one size give chunks of the same sizes.
  func nextChunk() throws(SystemError) -> [UInt8] {
    let count = Int(min(size - offset, UInt64(TreeLimits.chunk)))
    if count == 0 { return [] }
    let chunk = try [UInt8].reading(capacity: count) { (out) throws(SystemError) in
      try file.fill(&out)
    }
    if chunk.count != count { throw changed }
    offset += UInt64(count)
    return chunk
  }

  private var changed: SystemError {
    SystemError(operation: "read", path: file.path, errno: .stale)
  }

  /// Asks whether to go on.
  static func report(
    _ totals: TreeTotals, _ path: String, to progress: TreeProgress
  ) throws(SystemError) {
    if !progress(totals) {
      throw SystemError(operation: "read", path: path, errno: .canceled)
    }
  }
}
