internal import Bytes
internal import Linux
internal import SendStream

// Names: making, renaming and removing them.
extension Receiver {
  func makeFile(_ path: RawSpan) throws(ReceiveError.Reason) {
    let place = try tree.place(path)
    let name = place.name
    let file = try system { () throws(SystemError) -> Descriptor in
      try place.directory.descriptor.open(
        beneath: name, [.readWrite, .create, .exclusive, .noFollow])
    }
    tree.adopt(file: file, at: path)
    try dropInherited(path, place, InheritedAttributes.ofFile)
  }

  func makeDirectory(_ path: RawSpan) throws(ReceiveError.Reason) {
    let place = try tree.place(path)
    let name = place.name
    try system { () throws(SystemError) in
      try place.directory.descriptor.makeDirectory(name)
    }
    try tree.adoptDirectory(at: path, place)
    try dropInherited(path, place, InheritedAttributes.ofDirectory)
  }

  func makeNode(
    _ path: RawSpan, _ device: UInt64, _ mode: UInt64
  ) throws(ReceiveError.Reason) {
    guard let bits = UInt32(exactly: mode), let type = FileType(rawValue: bits & 0o170000),
      type != .regular, type != .directory, type != .symbolicLink
    else { throw .badValue(.mode, mode) }
    // new_encode_dev has 12 bits of major and 20 of minor number, laid out as in dev_t.
    guard device <= UInt64(UInt32.max) else { throw .badValue(.device, device) }
    try makeSpecial(path, type, device)
  }

  func makeSpecial(
    _ path: RawSpan, _ type: FileType, _ device: UInt64 = 0
  ) throws(ReceiveError.Reason) {
    let place = try tree.place(path)
    let name = place.name
    try system { () throws(SystemError) in
      try place.directory.descriptor.makeNode(name, type: type, device: device)
    }
    try dropInherited(path, place, InheritedAttributes.ofSpecial)
  }

  func makeSymbolicLink(_ path: RawSpan, to target: RawSpan) throws(ReceiveError.Reason) {
    guard target.byteCount > 0, target.byteCount <= StreamPath.maximumLength, !target.contains(0)
    else { throw .badLinkTarget }
    let place = try tree.place(path)
    let name = place.name
    try system { () throws(SystemError) in
      try place.directory.descriptor.makeSymbolicLink(name, to: target)
    }
  }

  func rename(_ path: RawSpan, to new: RawSpan) throws(ReceiveError.Reason) {
    let from = try tree.place(path)
    try tree.checkOwn(from, path)
    let to = try tree.place(new)
    let (name, newName) = (from.name, to.name)
    try system { () throws(SystemError) in
      try from.directory.descriptor.rename(name, to: newName, in: to.directory.descriptor)
    }
    tree.renamed(path, to: new)
  }

  func link(_ path: RawSpan, to existing: RawSpan) throws(ReceiveError.Reason) {
    let from = try tree.place(existing)
    let to = try tree.place(path)
    let (name, newName) = (from.name, to.name)
    try system { () throws(SystemError) in
      try to.directory.descriptor.makeLink(newName, to: name, in: from.directory.descriptor)
    }
  }

  func unlink(_ path: RawSpan) throws(ReceiveError.Reason) {
    let place = try tree.place(path)
    let name = place.name
    tree.removed(path)
    try system { () throws(SystemError) in try place.directory.descriptor.unlink(name) }
  }

  func removeDirectory(_ path: RawSpan) throws(ReceiveError.Reason) {
    let place = try tree.place(path)
    let name = place.name
    // To remove the root of a nested subvolume would be to delete that.
    try tree.checkOwn(place, path)
    tree.removed(path)
    try system { () throws(SystemError) in
      try place.directory.descriptor.removeDirectory(name)
    }
  }

  /// Removes what a new inode has inherited.
  private func dropInherited(
    _ path: RawSpan, _ place: borrowing Place, _ names: [String]
  ) throws(ReceiveError.Reason) {
    guard try place.directory.passesAttributesOn() else { return }
    let node = try tree.node(path)
    for name in names { try node.removeAttribute(name) }
  }
}

/// The extended attributes that btrfs and its ACLs give to new inodes from their directory.
enum InheritedAttributes {
  static let defaultACL = "system.posix_acl_default"
  static let accessACL = "system.posix_acl_access"
  static let compression = "btrfs.compression"

  static let ofSpecial = [accessACL]
  static let ofFile = [accessACL, compression]
  static let ofDirectory = [accessACL, defaultACL, compression]
}

extension Node {
  /// Whether what is made in this directory inherits attributes from it.
  func passesAttributesOn() throws(ReceiveError.Reason) -> Bool {
    if let known = passesOnAttributes { return known }
    let found = try system { () throws(SystemError) -> Bool in
      if try descriptor.attribute(InheritedAttributes.defaultACL) != nil { return true }
      return try descriptor.attribute(InheritedAttributes.compression) != nil
    }
    passesOnAttributes = found
    return found
  }

  /// Removes an extended attribute, if there is one.
  func removeAttribute(_ name: some PathBytes & ~Escapable) throws(ReceiveError.Reason) {
    do throws(SystemError) {
      try descriptor.removeAttribute(name)
    } catch {
      if error.errno != .noData { throw .system(error) }
    }
    passesOnAttributes = nil
  }
}
