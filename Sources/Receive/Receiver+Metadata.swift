internal import Bytes
internal import Linux
internal import SendStream

// Metadata, of any inode; of a symbolic link its own.
extension Receiver {
  /// The longest name of an extended attribute: `XATTR_NAME_MAX`.
  static var maximumAttributeNameLength: Int { 255 }

  func changeMode(_ path: RawSpan, _ mode: UInt64) throws(ReceiveError.Reason) {
    // Streams hold the permissions; what else is in the number has no meaning here.
    let permissions = UInt32(truncatingIfNeeded: mode & 0o7777)
    let node = try tree.node(path)
    try system { () throws(SystemError) in try node.descriptor.setPermissions(permissions) }
  }

  func changeOwner(
    _ path: RawSpan, _ uid: UInt64, _ gid: UInt64
  ) throws(ReceiveError.Reason) {
    // The highest number of 32 bits would mean: leave it.
    guard uid < UInt64(UInt32.max) else { throw .badValue(.uid, uid) }
    guard gid < UInt64(UInt32.max) else { throw .badValue(.gid, gid) }
    let node = try tree.node(path)
    try system { () throws(SystemError) in
      try node.descriptor.setOwner(
        user: UInt32(truncatingIfNeeded: uid), group: UInt32(truncatingIfNeeded: gid))
    }
  }

  func setTimes(
    _ path: RawSpan, _ access: Timespec, _ modification: Timespec
  ) throws(ReceiveError.Reason) {
    let accessTime = try time(access, .accessTime)
    let modificationTime = try time(modification, .modificationTime)
    let node = try tree.node(path)
    try system { () throws(SystemError) in
      try node.descriptor.setTimes(access: accessTime, modification: modificationTime)
    }
  }

  private func time(
    _ time: Timespec, _ attribute: AttributeKind
  ) throws(ReceiveError.Reason) -> FileTime {
    // Beyond are also the kernel's words for now and for leaving it.
    guard time.nanoseconds < 1_000_000_000 else {
      throw .badValue(attribute, UInt64(time.nanoseconds))
    }
    return FileTime(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }

  func setAttribute(
    _ path: RawSpan, _ name: RawSpan, _ value: RawSpan
  ) throws(ReceiveError.Reason) {
    try checkAttributeName(name)
    let node = try tree.node(path)
    try system { () throws(SystemError) in try node.descriptor.setAttribute(name, to: value) }
    node.passesOnAttributes = nil
  }

  func removeAttribute(_ path: RawSpan, _ name: RawSpan) throws(ReceiveError.Reason) {
    try checkAttributeName(name)
    try tree.node(path).removeAttribute(name)
  }

  private func checkAttributeName(_ name: RawSpan) throws(ReceiveError.Reason) {
    guard name.byteCount > 0, name.byteCount <= Self.maximumAttributeNameLength, !name.contains(0)
    else { throw .badAttributeName([UInt8](copying: name)) }
  }
}
