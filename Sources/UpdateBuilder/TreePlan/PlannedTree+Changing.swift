internal import Archive
internal import Bytes
internal import Tree

extension PlannedTree {
  /// Of a file that is changed in place, at most one block of so many differs.
  private static let inPlaceShare: UInt64 = 8

  /// Whether a file of the new tree had better be an old one that is changed in place than be made anew.
  ///
  /// In place, only blocks that differ are written, and are what patches make. That is for databases and
  /// images of disks, of which little changes. Programs and compressed files are patched as a whole:
  /// their addresses are predicted, or they are opened; the blocks that stayed are shared afterwards.
  func isChangedInPlace(
    _ inode: Int32, into other: Int32, of new: PlannedTree
  ) throws(BuildError) -> Bool {
    let size = new.shape[other].size
    if size == 0 { return true }
    let (before, now) = try (PlannedFile(inode, of: self), PlannedFile(other, of: new))
    let block = UInt64(FileBlocks.blockLength)
    let most = size / block / Self.inPlaceShare
    var (offset, changed): (UInt64, UInt64) = (0, 0)
    while offset < size {
      let bytes = try now.bytes(at: offset, count: FileContentsPlanner.chunkLength)
      guard !bytes.isEmpty else { throw now.changed }
      if offset == 0, bytes.isProgram(at: 0) || bytes.isPacked { return false }
      let old = try before.bytes(at: offset, count: bytes.count)
      changed += UInt64(FileBlocks.changedCount(from: old.rawSpan, to: bytes.rawSpan))
      if changed > most { return false }
      offset += UInt64(bytes.count)
    }
    return true
  }
}

extension [UInt8] {
  /// Whether a file that begins like this is compressed by gzip, xz or zstd, or a cpio archive, as an
  /// initial RAM disk begins with.
  var isPacked: Bool {
    ArchiveCompression(magic: rawSpan) != .none || starts(with: "07070".utf8)
  }
}
