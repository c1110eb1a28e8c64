internal import Bytes
internal import Linux
internal import SendStream

// Data, in regular files only.
extension Receiver {
  mutating func write(
    _ path: RawSpan, _ offset: UInt64, _ data: RawSpan
  ) throws(ReceiveError.Reason) {
    let file = try tree.file(path, .write)
    try write(data, to: file, at: offset)
    noteData(UInt64(data.byteCount))
  }

  func write(
    _ data: RawSpan, to file: Node, at offset: UInt64
  ) throws(ReceiveError.Reason) {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(data.byteCount))
    let size = overflow ? nil : tree.size(of: file)
    tree.noteChange(of: file, size: nil)
    if let size, let block = OldBlock.start(below: offset..<end, size: size) {
      try discardOldBlock(at: block, of: file)
    }
    try system { () throws(SystemError) in try file.descriptor.write(data, at: offset) }
    tree.noteChange(of: file, size: size.map { Swift.max($0, end) })
  }

  /// Makes a hole of a block all of whose data is going to be replaced.
  private func discardOldBlock(at offset: UInt64, of file: Node) throws(ReceiveError.Reason) {
    do throws(SystemError) {
      try file.descriptor.allocate(
        at: offset, count: OldBlock.length, [.punchHole, .keepSize])
    } catch {
      // Then the kernel reads it.
      if error.errno != .notSupported { throw .system(error) }
    }
  }

  /// Has what was written so far go to disk if it is much.
  mutating func noteData(_ count: UInt64) {
    guard let interval = options.syncInterval else { return }
    unsyncedCount &+= count
    guard unsyncedCount >= interval else { return }
    unsyncedCount = 0
    sync.start()
  }

  func clone(
    _ path: RawSpan, _ offset: UInt64, _ length: UInt64, from uuid: SubvolumeUUID,
    _ sourcePath: RawSpan, _ sourceOffset: UInt64
  ) throws(ReceiveError.Reason) {
    // FICLONERANGE takes 0 for all that is left.
    guard length > 0 else { throw .badValue(.cloneLength, length) }
    let isOwn = uuid == self.uuid
    guard let source = isOwn ? tree : cloneSources.tree(uuid) else {
      throw .unknownCloneSource(uuid)
    }
    let from = try source.file(sourcePath, .read)
    let file = try tree.file(path, .write)
    tree.noteChange(of: file, size: nil)
    do throws(SystemError) {
      try file.descriptor.cloneRange(
        from: from.descriptor, at: sourceOffset, count: length, to: offset)
    } catch {
      // The sender's two files could share; here one may be without checksums (`chattr +C`, mount
      // options), or blocks are larger. What is shared within the subvolume stays refused.
      guard error.errno == .invalidArgument, !isOwn,
        try copy(from, sourceOffset, length, to: file, offset)
      else { throw .system(error) }
    }
  }

  /// The unit in which streams clone, in bytes.
  private static var cloneUnit: UInt64 { 4096 }
  private static var copyLength: UInt64 { 256 << 10 }

  /// Copies what a clone would share; `false` if the clone is wrong in itself.
  private func copy(
    _ source: Node, _ sourceOffset: UInt64, _ length: UInt64, to file: Node, _ offset: UInt64
  ) throws(ReceiveError.Reason) -> Bool {
    let size = try system { () throws(SystemError) in try source.descriptor.status().size }
    let unit = Self.cloneUnit
    guard offset % unit == 0, sourceOffset % unit == 0, sourceOffset <= size,
      length <= size - sourceOffset, length % unit == 0 || length == size - sourceOffset
    else { return false }
    var done: UInt64 = 0
    while done < length {
      let count = Int(Swift.min(length - done, Self.copyLength))
      let (from, to) = (sourceOffset + done, offset.addingReportingOverflow(done))
      if to.overflow { return false }
      let copied = try system { () throws(SystemError) in
        let bytes = try source.descriptor.bytes(at: from, count: count)
        try file.descriptor.write(bytes.rawSpan, at: to.partialValue)
        return bytes.count
      }
      guard copied == count else { return false }
      done += UInt64(count)
    }
    return true
  }

  func truncate(_ path: RawSpan, to size: UInt64) throws(ReceiveError.Reason) {
    let file = try tree.file(path, .write)
    tree.noteChange(of: file, size: nil)
    try system { () throws(SystemError) in try file.descriptor.truncate(to: size) }
  }

  func allocate(
    _ path: RawSpan, _ mode: UInt32, _ offset: UInt64, _ size: UInt64
  ) throws(ReceiveError.Reason) {
    let mode = AllocationMode(rawValue: mode)
    guard mode.isSubset(of: [.keepSize, .punchHole, .zeroRange]) else {
      throw .badValue(.allocationMode, UInt64(mode.rawValue))
    }
    let file = try tree.file(path, .write)
    tree.noteChange(of: file, size: nil)
    try system { () throws(SystemError) in
      try file.descriptor.allocate(at: offset, count: size, mode)
    }
  }
}

/// The last block of a write that ends within it.
///
/// To write a part of a block, the kernel reads the rest from the disk, and has the receiver wait for
/// that; also where the rest is behind the file's end. If all the data that the block has is going to be
/// replaced, that can be saved.
enum OldBlock {
  /// The sizes of a block, and of what the kernel keeps beside an inode, which takes no reading.
  static let length: UInt64 = 4096
  private static let inlineLength: UInt64 = 2048

  /// Where it begins, if a file of a size has data there, and keeps none of that.
  static func start(below range: Range<UInt64>, size: UInt64) -> UInt64? {
    let start = range.upperBound & ~(length - 1)
    guard start < range.upperBound, range.lowerBound <= start, size > start,
      size <= range.upperBound, size > inlineLength
    else { return nil }
    return start
  }
}
