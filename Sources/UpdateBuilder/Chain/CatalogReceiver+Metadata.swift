internal import Bytes
internal import Linux
internal import SendStream
internal import Tree

// Metadata, of any inode; of a symbolic link its own.
extension CatalogReceiver {
  /// The longest name of an extended attribute: `XATTR_NAME_MAX`.
  private static var maximumAttributeNameLength: Int { 255 }
  /// `S_ISUID`
  private static var setUser: UInt32 { 0o4000 }
  /// `S_ISGID`
  private static var setGroup: UInt32 { 0o2000 }
  /// `S_IXGRP`
  private static var groupExecutes: UInt32 { 0o10 }

  func changeMode(_ path: RawSpan, _ mode: UInt64) throws(CatalogReceiveError.Reason) {
    let inode = try names.inode(at: path)
    guard names.inodes[inode].value.type != .symbolicLink else {
      throw .refused(.notSupported, [UInt8](copying: path))
    }
    // Streams hold the permissions; what else is in the number has no meaning here.
    names.change(inode) { $0.value.permissions = UInt32(truncatingIfNeeded: mode & 0o7777) }
  }

  func changeOwner(
    _ path: RawSpan, _ uid: UInt64, _ gid: UInt64
  ) throws(CatalogReceiveError.Reason) {
    // The highest number of 32 bits would mean: leave it.
    guard uid < UInt64(UInt32.max) else { throw .badValue(.uid, uid) }
    guard gid < UInt64(UInt32.max) else { throw .badValue(.gid, gid) }
    names.change(try names.inode(at: path)) {
      $0.value.user = UInt32(truncatingIfNeeded: uid)
      $0.value.group = UInt32(truncatingIfNeeded: gid)
      // Set-group-ID of who may not execute is another thing, and stays.
      guard $0.value.type != .directory, $0.value.type != .symbolicLink else { return }
      $0.value.permissions &= ~Self.setUser
      if $0.value.permissions & Self.groupExecutes != 0 { $0.value.permissions &= ~Self.setGroup }
    }
  }

  func setTimes(
    _ path: RawSpan, _ access: Timespec, _ modification: Timespec
  ) throws(CatalogReceiveError.Reason) {
    let accessTime = try time(access, .accessTime)
    let modificationTime = try time(modification, .modificationTime)
    names.change(try names.inode(at: path)) {
      $0.value.accessTime = accessTime
      $0.value.modificationTime = modificationTime
    }
  }

  /// All of an inode's flags. Whether a file is copied on write is settled once it has data.
  func setFlags(_ path: RawSpan, _ flags: SentInodeFlags) throws(CatalogReceiveError.Reason) {
    names.change(try names.inode(at: path)) {
      guard $0.value.type.hasFlags else { return }
      var wanted = flags.ofTree
      if $0.value.type == .regular { wanted.remove(.synchronousDirectory) }
      // A compression property excludes it.
      if $0.value.isFileWithData
        || $0.value.attributes.contains(where: { $0.name == TreeAttribute.compression })
      {
        wanted.keep(.noCopyOnWrite, of: $0.value.flags)
      }
      $0.value.flags = wanted
    }
  }

  private func time(
    _ time: Timespec, _ attribute: AttributeKind
  ) throws(CatalogReceiveError.Reason) -> FileTime {
    guard time.nanoseconds < 1_000_000_000 else {
      throw .badValue(attribute, UInt64(time.nanoseconds))
    }
    return FileTime(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }

  func setAttribute(
    _ path: RawSpan, _ name: RawSpan, _ value: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    let name = try attributeName(name)
    let inode = try names.inode(at: path)
    if name.starts(with: "trusted.".utf8) { return }
    let attribute = TreeAttribute(name: name, value: [UInt8](copying: value))
    if name == TreeAttribute.compression, names.inodes[inode].value.flags.contains(.noCopyOnWrite) {
      guard !names.inodes[inode].value.isFileWithData else {
        throw .refused(.invalidArgument, [UInt8](copying: path))
      }
      names.change(inode) { $0.value.flags.remove(.noCopyOnWrite) }
    }
    names.change(inode) {
      // In the order of their names; there are few.
      let at = $0.value.attributes.firstIndex { !$0.name.lexicographicallyPrecedes(name) }
      guard let at else { return $0.value.attributes.append(attribute) }
      if $0.value.attributes[at].name == name {
        $0.value.attributes[at] = attribute
      } else {
        $0.value.attributes.insert(attribute, at: at)
      }
    }
  }

  func removeAttribute(
    _ path: RawSpan, _ name: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    let name = try attributeName(name)
    // One that is not there is no error: a command before has taken capabilities away.
    names.change(try names.inode(at: path)) { $0.value.attributes.removeAll { $0.name == name } }
  }

  private func attributeName(_ name: RawSpan) throws(CatalogReceiveError.Reason) -> [UInt8] {
    let bytes = [UInt8](copying: name)
    guard (1...Self.maximumAttributeNameLength).contains(bytes.count), !bytes.contains(0) else {
      throw .badAttributeName(bytes)
    }
    return bytes
  }
}
