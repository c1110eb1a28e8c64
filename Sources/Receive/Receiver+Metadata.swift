internal import Bytes
internal import Linux
internal import SendStream

// Metadata, of any inode; of a symbolic link its own.
extension Receiver {
  /// The longest name of an extended attribute: `XATTR_NAME_MAX`.
  static var maximumAttributeNameLength: Int { 255 }

  mutating func changeMode(_ path: RawSpan, _ mode: UInt64) throws(ReceiveError.Reason) {
    // Streams hold the permissions; what else is in the number has no meaning here.
    let permissions = UInt32(truncatingIfNeeded: mode & 0o7777)
    special?.owner = nil
    let node = try tree.node(path)
    try system { () throws(SystemError) in try node.descriptor.setPermissions(permissions) }
    node.isSetGroup = permissions & 0o2000 != 0
    // Of these the next change of the owner clears some, even to the same.
    if permissions & 0o6000 != 0 {
      tree.forgetState()
      node.owner = nil
    }
  }

  mutating func changeOwner(
    _ path: RawSpan, _ uid: UInt64, _ gid: UInt64
  ) throws(ReceiveError.Reason) {
    // The highest number of 32 bits would mean: leave it.
    guard uid < UInt64(UInt32.max) else { throw .badValue(.uid, uid) }
    guard gid < UInt64(UInt32.max) else { throw .badValue(.gid, gid) }
    let owner = Owner(
      user: UInt32(truncatingIfNeeded: uid), group: UInt32(truncatingIfNeeded: gid))
    if let inode = special, inode.path.rawSpan.hasSameBytes(as: path) {
      return try changeOwner(of: inode, owner)
    }
    let node = try tree.node(path)
    if node.owner == owner { return }
    let capability = try capability(of: node)
    try system { () throws(SystemError) in
      try node.descriptor.setOwner(user: owner.user, group: owner.group)
      if let capability {
        try node.descriptor.setAttribute(Self.capabilityName, to: capability.rawSpan)
      }
    }
    let known = node.capability
    tree.forgetState()
    (node.owner, node.capability) = (nil, known)
  }

  private mutating func changeOwner(
    of inode: SpecialInode, _ owner: Owner
  ) throws(ReceiveError.Reason) {
    if inode.owner == owner { return }
    special?.owner = nil
    try system { () throws(SystemError) in
      try inode.directory.descriptor.setOwner(
        of: inode.name, user: owner.user, group: owner.group)
    }
  }

  private static var capabilityName: String { "security.capability" }

  /// The capabilities that a file is to keep.
  private func capability(of node: Node) throws(ReceiveError.Reason) -> [UInt8]? {
    guard node.type == .regular else { return nil }
    switch node.capability {
    case .none: return nil
    case .value(let value): return value
    case .unknown:
      let found = try system { () throws(SystemError) in
        try node.descriptor.attribute(Self.capabilityName)
      }
      node.capability = found.map { .value($0) } ?? .none
      return found
    }
  }

  func setTimes(
    _ path: RawSpan, _ access: Timespec, _ modification: Timespec
  ) throws(ReceiveError.Reason) {
    let accessTime = try time(access, .accessTime)
    let modificationTime = try time(modification, .modificationTime)
    if let inode = special, inode.path.rawSpan.hasSameBytes(as: path) {
      return try system { () throws(SystemError) in
        try inode.directory.descriptor.setTimes(
          of: inode.name, access: accessTime, modification: modificationTime)
      }
    }
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

  mutating func setAttribute(
    _ path: RawSpan, _ name: RawSpan, _ value: RawSpan
  ) throws(ReceiveError.Reason) {
    try checkAttributeName(name)
    let node = try tree.node(path)
    do throws(SystemError) {
      try node.descriptor.setAttribute(name, to: value)
    } catch {
      guard error.errno == .invalidArgument, name.isText(InheritedAttributes.compression),
        try allowCompression(path)
      else { throw .system(error) }
      try system { () throws(SystemError) in try node.descriptor.setAttribute(name, to: value) }
    }
    if name.isText(Self.capabilityName) {
      tree.forgetState()
      node.capability = .value([UInt8](copying: value))
    }
    if name.isText(InheritedAttributes.defaultACL) || name.isText(InheritedAttributes.compression) {
      noteInheritance(node)
    }
  }

  func removeAttribute(_ path: RawSpan, _ name: RawSpan) throws(ReceiveError.Reason) {
    try checkAttributeName(name)
    let node = try tree.node(path)
    try node.removeAttribute(name)
    node.inheritance = nil
    if name.isText(Self.capabilityName) {
      tree.forgetState()
      node.capability = .none
    }
  }

  private func checkAttributeName(_ name: RawSpan) throws(ReceiveError.Reason) {
    guard name.byteCount > 0, name.byteCount <= Self.maximumAttributeNameLength, !name.contains(0)
    else { throw .badAttributeName([UInt8](copying: name)) }
  }
}

extension RawSpan {
  /// Whether these are a text's bytes.
  func isText(_ text: String) -> Bool {
    let expected = Array(text.utf8)
    return hasSameBytes(as: expected.rawSpan)
  }
}
