internal import Bytes
internal import Crypto
internal import Linux
internal import Tree

/// Plans what files hold: writes what differs from what they held, block by block.
struct FileContentsPlanner: Sendable {
  let old: PlannedTree
  let new: PlannedTree
  /// Whether the stream can make holes of what was written: from version 2 on.
  let punchesHoles: Bool

  /// How much is read at a time: whole blocks.
  static let chunkLength = 256 << 10

  /// Writes what differs from what an inode of the old tree holds; all of it if there is none.
  ///
  /// - Throws: ``BuildError/system(_:)`` with `ESTALE` if the file was changed since it was read first.
  func write(
    _ inode: Int32, over was: Int32? = nil, _ path: [UInt8], _ sink: inout PlanSink
  ) throws(BuildError) {
    let size = new.shape[inode].size
    var blocks = FileBlocks(
      path: path, oldSize: was.map { old.shape[$0].size } ?? 0, newSize: size,
      punchesHoles: punchesHoles)
    if size > 0 {
      let file = try PlannedFile(inode, of: new)
      var before: PlannedFile?
      if let was { before = try PlannedFile(was, of: old) }
      var hasher = SHA256()
      var offset: UInt64 = 0
      while offset < size {
        let count = Int(Swift.min(size - offset, UInt64(Self.chunkLength)))
        let bytes = try file.bytes(at: offset, count: count)
        guard bytes.count == count else { throw file.changed }
        if offset == 0, bytes.isProgram(at: 0) { blocks.keepZerosOfProgram() }
        hasher.update(bytes.rawSpan)
        let oldBytes = try before?.bytes(at: offset, count: count) ?? []
        try blocks.add(bytes.rawSpan, over: oldBytes.rawSpan, at: offset, &sink)
        offset += UInt64(count)
      }
      guard TreeContents.Identity(hasher.finalize()) == new.contents[Int(inode)] else {
        throw file.changed
      }
    }
    try blocks.finish(&sink)
  }
}
