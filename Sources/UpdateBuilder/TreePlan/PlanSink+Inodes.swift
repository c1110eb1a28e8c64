internal import Bytes
internal import Linux
internal import SendStream
internal import Tree

// Making inodes, and what they are besides their contents.
extension PlanSink {
  /// Makes an inode.
  mutating func make(_ inode: TreeInode, _ path: [UInt8]) throws(BuildError) {
    let number = Self.inodeNumber
    let mode = UInt64(inode.type.rawValue | inode.permissions)
    let device = inode.specialDevice
    switch inode.type {
    case .regular: try write(.makeFile(path: path.rawSpan, inode: number), of: path)
    case .directory: try write(.makeDirectory(path: path.rawSpan, inode: number), of: path)
    case .symbolicLink:
      try write(
        .symlink(path: path.rawSpan, inode: number, target: inode.target.rawSpan), of: path)
    case .fifo:
      try write(
        .makeFIFO(path: path.rawSpan, inode: number, device: 0, mode: mode), of: path)
    case .socket:
      try write(
        .makeSocket(path: path.rawSpan, inode: number, device: 0, mode: mode), of: path)
    case .characterDevice, .blockDevice:
      // Below 2^32, st_rdev is what the kernel's new_encode_dev makes of a number.
      guard UInt32(exactly: device) != nil else {
        throw .notExpressible(path: path, "no Linux has a device of that number")
      }
      try write(
        .makeNode(path: path.rawSpan, inode: number, device: device, mode: mode), of: path)
    }
  }

  /// Sets what an inode that was just made is: it belongs to root, and no other user can use it.
  ///
  /// - Parameter inheritsGroup: whether it may have got another group.
  mutating func setMetadata(
    ofNew change: InodeChange, _ path: [UInt8], inheritsGroup: Bool
  ) throws(BuildError) {
    let inode = change.after
    if inheritsGroup || (inode.user, inode.group) != (0, 0) { try setOwner(of: inode, path) }
    try setMetadataBehindOwner(change, path)
  }

  /// Removes attributes that an inode is not to have.
  mutating func removeAttributes(_ change: InodeChange, _ path: [UInt8]) throws(BuildError) {
    for name in change.removedAttributes {
      try write(.removeXattr(path: path.rawSpan, name: name.rawSpan), of: path)
    }
  }

  /// Sets what differs, once the contents are what they are to be.
  mutating func setMetadata(_ change: InodeChange, _ path: [UInt8]) throws(BuildError) {
    if change.changesOwner { try setOwner(of: change.after, path) }
    try setMetadataBehindOwner(change, path)
  }

  private mutating func setMetadataBehindOwner(
    _ change: InodeChange, _ path: [UInt8]
  ) throws(BuildError) {
    for attribute in change.setAttributes { try set(attribute, path) }
    if change.changesMode {
      let mode = UInt64(change.after.permissions)
      try write(.changeMode(path: path.rawSpan, mode: mode), of: path)
    }
    if change.changesTimes { try setTimes(of: change.after, path) }
    if change.after.type != .directory { try setFlags(change, path) }
  }

  /// Sets the flags that must be set before all else.
  mutating func setEarlyFlags(_ change: InodeChange, _ path: [UInt8]) throws(BuildError) {
    if let flags = change.earlyFlags { try set(flags, path) }
  }

  /// Sets flags, if they are not right yet; of a directory, once nothing is made in it any more.
  mutating func setFlags(_ change: InodeChange, _ path: [UInt8]) throws(BuildError) {
    if change.changesFlags { try set(change.after.flags, path) }
  }

  private mutating func set(_ flags: InodeFlags, _ path: [UInt8]) throws(BuildError) {
    // Streams of version 1 have no command for that.
    guard base >= 2 else { return }
    let sent = SentInodeFlags(flags)
    try write(.setFileAttributes(path: path.rawSpan, flags: sent.rawValue), of: path)
  }

  mutating func setInheritedAttributes(
    _ change: InodeChange, _ path: [UInt8]
  ) throws(BuildError) {
    for attribute in change.setInheritedAttributes { try set(attribute, path) }
  }

  private mutating func set(_ attribute: TreeAttribute, _ path: [UInt8]) throws(BuildError) {
    let (name, value) = (attribute.name, attribute.value)
    try write(
      .setXattr(path: path.rawSpan, name: name.rawSpan, value: value.rawSpan), of: path)
  }

  private mutating func setOwner(of inode: TreeInode, _ path: [UInt8]) throws(BuildError) {
    let (user, group) = (UInt64(inode.user), UInt64(inode.group))
    try write(.changeOwner(path: path.rawSpan, uid: user, gid: group), of: path)
  }

  /// Sets times: of those that no digest has, the same, so that they say nothing of who planned.
  mutating func setTimes(of inode: TreeInode, _ path: [UInt8]) throws(BuildError) {
    let time = Timespec(
      seconds: inode.modificationTime.seconds, nanoseconds: inode.modificationTime.nanoseconds)
    try write(
      .setTimes(
        path: path.rawSpan, access: time, modification: time, change: time, creation: nil),
      of: path)
  }
}
