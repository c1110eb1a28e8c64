internal import Bytes
internal import Linux

/// Copies inodes one by one, with all that belongs to them but their creation times.
enum InodeCopy {
  /// What is copied at once where extents cannot be shared, in bytes.
  private static let chunk = 1 << 20

  /// The flags that must be set before a file has data, and those that keep it from being changed.
  private static let early: InodeFlags = [.compressed, .notCompressed, .noCopyOnWrite]
  private static let late: InodeFlags = [.immutable, .appendOnly]

  /// Makes a copy of what `source` names, anything but a directory or a socket, under a name that is
  /// free.
  static func make(
    _ name: [UInt8], in directory: borrowing Descriptor, from source: borrowing Descriptor,
    _ status: FileStatus
  ) throws(SystemError) {
    switch status.type {
    case .regular:
      let opened = try source.reopened([.readOnly, .noAccessTime])
      let file = try directory.open(
        beneath: name, [.readWrite, .create, .exclusive, .noFollow])
      return try copyFile(from: opened, to: file, status)
    case .symbolicLink:
      try directory.makeSymbolicLink(name, to: source.symbolicLinkTarget())
    default:
      try directory.makeNode(name, type: status.type, device: status.specialDevice)
    }
    try copyMetadata(from: source, to: directory.open(beneath: name, [.path, .noFollow]))
  }

  private static func copyFile(
    from source: borrowing Descriptor, to file: borrowing Descriptor, _ status: FileStatus
  ) throws(SystemError) {
    try copyFlags(early, from: source, to: file)
    do throws(SystemError) {
      if status.size > 0 { try file.cloneRange(from: source, at: 0, count: 0, to: 0) }
    } catch {
      // Such as two files of which only one has checksums.
      guard [.invalidArgument, .notSupported].contains(error.errno) else { throw error }
      try copyData(from: source, to: file)
      try file.truncate(to: status.size)
    }
    try copyMetadata(from: source, to: file)
  }

  private static func copyData(
    from source: borrowing Descriptor, to file: borrowing Descriptor
  ) throws(SystemError) {
    var offset: UInt64 = 0
    while let start = try source.nextData(from: offset) {
      guard let end = try source.nextHole(from: start) else { return }
      offset = start
      while offset < end {
        let bytes = try source.bytes(at: offset, count: Int(min(end - offset, UInt64(chunk))))
        guard !bytes.isEmpty else { return }
        try file.write(bytes.rawSpan, at: offset)
        offset += UInt64(bytes.count)
      }
    }
  }

  /// Gives an inode the owner, mode, extended attributes, flags and times of another one of its
  /// kind.
  static func copyMetadata(
    from source: borrowing Descriptor, to target: borrowing Descriptor
  ) throws(SystemError) {
    let status = try source.status()
    // In this order: each may undo something of those behind it.
    try target.setOwner(user: status.user, group: status.group)
    if status.type != .symbolicLink { try target.setPermissions(status.permissions) }
    try copyAttributes(from: source, to: target)
    if status.type == .directory { try copyFlags(early, from: source, to: target) }
    try target.setTimes(access: status.accessTime, modification: status.modificationTime)
    if !source.isPathOnly { try copyFlags(late, from: source, to: target) }
  }

  /// Also takes away what the target got by itself, such as its directory's default ACL.
  private static func copyAttributes(
    from source: borrowing Descriptor, to target: borrowing Descriptor
  ) throws(SystemError) {
    let names = try source.attributeNames()
    for name in try target.attributeNames() where !names.contains(name) {
      try target.removeAttribute(name)
    }
    for name in names {
      guard let value = try source.attribute(name) else { continue }
      try target.setAttribute(name, to: value.rawSpan)
    }
  }

  private static func copyFlags(
    _ mask: InodeFlags, from source: borrowing Descriptor, to target: borrowing Descriptor
  ) throws(SystemError) {
    let (wanted, present) = (try source.inodeFlags(), try target.inodeFlags())
    guard wanted.intersection(mask) != present.intersection(mask) else { return }
    try target.setInodeFlags(present.subtracting(mask).union(wanted.intersection(mask)))
  }
}
