internal import Bytes
internal import Crypto
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
    file = try catalog.open(entry)
    size = catalog.inodes[entry.inode].size
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
    if chunk.count != count {
      throw SystemError(operation: "read", path: file.path, errno: .stale)
    }
    offset += UInt64(count)
    return chunk
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
