internal import Bytes
internal import Linux
internal import SendStream

// Data, in regular files only.
extension Receiver {
  func write(
    _ path: RawSpan, _ offset: UInt64, _ data: RawSpan
  ) throws(ReceiveError.Reason) {
    let file = try tree.file(path, .write)
    try system { () throws(SystemError) in try file.descriptor.write(data, at: offset) }
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
    try system { () throws(SystemError) in
      try file.descriptor.cloneRange(
        from: from.descriptor, at: sourceOffset, count: length, to: offset)
    }
  }

  func truncate(_ path: RawSpan, to size: UInt64) throws(ReceiveError.Reason) {
    let file = try tree.file(path, .write)
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
    try system { () throws(SystemError) in
      try file.descriptor.allocate(at: offset, count: size, mode)
    }
  }
}
