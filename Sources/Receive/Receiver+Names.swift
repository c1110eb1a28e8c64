internal import Bytes
internal import Linux
internal import SendStream

// Names: making, renaming and removing them.
extension Receiver {
  /// Makes an inode, which must not be there.
  mutating func create(
    _ kind: NewInode.Kind, _ path: RawSpan, _ target: RawSpan
  ) throws(ReceiveError.Reason) {
    special = nil
    let place = try tree.place(path)
    let made = try open(kind, at: place, path, target)
    made?.capability = .none
    let inherited = try inheritance(of: place.directory)
    if kind.isDirectory, inherited.isEmpty { made?.inheritance = inherited }
    let owner = place.directory.isSetGroup ? nil : owner
    made?.owner = owner
    if !kind.isOpened { special = SpecialInode(at: place, path, owner) }
    guard inherited.contains(.attributes) else { return }
    let node: Node
    if let made { node = made } else { node = try tree.node(path) }
    for name in InheritedAttributes.of(kind) { try node.removeAttribute(name) }
  }

  /// Makes an inode, and opens it if it is a file or directory.
  private func open(
    _ kind: NewInode.Kind, at place: borrowing Place, _ path: RawSpan, _ target: RawSpan
  ) throws(ReceiveError.Reason) -> Node? {
    let name = place.name
    let directory = place.directory
    switch kind {
    case .file:
      let file = try system { () throws(SystemError) -> Descriptor in
        try directory.descriptor.open(beneath: name, [.readWrite, .create, .exclusive, .noFollow])
      }
      return tree.adopt(file: file, at: path)
    case .directory:
      try system { () throws(SystemError) in try directory.descriptor.makeDirectory(name) }
      return try tree.adoptDirectory(at: path, place)
    case .special(let type, let device):
      try system { () throws(SystemError) in
        try directory.descriptor.makeNode(name, type: type, device: device)
      }
    case .symbolicLink:
      try system { () throws(SystemError) in
        try directory.descriptor.makeSymbolicLink(name, to: target)
      }
    }
    return nil
  }

  mutating func makeNode(
    _ path: RawSpan, _ device: UInt64, _ mode: UInt64
  ) throws(ReceiveError.Reason) {
    guard let type = FileType(ofNode: mode) else { throw .badValue(.mode, mode) }
    // new_encode_dev has 12 bits of major and 20 of minor number, laid out as in dev_t.
    guard device <= UInt64(UInt32.max) else { throw .badValue(.device, device) }
    try make(.special(type, device), path, as: .makeNode)
  }

  mutating func makeSymbolicLink(
    _ path: RawSpan, to target: RawSpan
  ) throws(ReceiveError.Reason) {
    guard StreamPath.isLinkTarget(target) else { throw .badLinkTarget }
    try make(.symbolicLink, path, target: target, as: .symlink)
  }

  mutating func rename(_ path: RawSpan, to new: RawSpan) throws(ReceiveError.Reason) {
    special = nil
    let from = try tree.place(path)
    try tree.checkOwn(from, path)
    let to = try tree.place(new)
    provisionalNames.insert(new)
    let (name, newName) = (from.name, to.name)
    try system { () throws(SystemError) in
      try from.directory.descriptor.rename(name, to: newName, in: to.directory.descriptor)
    }
    tree.renamed(path, to: new)
    provisionalNames.remove(path)
  }

  mutating func link(_ path: RawSpan, to existing: RawSpan) throws(ReceiveError.Reason) {
    special = nil
    let from = try tree.place(existing)
    let to = try tree.place(path)
    provisionalNames.insert(path)
    let (name, newName) = (from.name, to.name)
    try system { () throws(SystemError) in
      try to.directory.descriptor.makeLink(newName, to: name, in: from.directory.descriptor)
    }
  }

  mutating func unlink(_ path: RawSpan) throws(ReceiveError.Reason) {
    special = nil
    let place = try tree.place(path)
    let name = place.name
    tree.removedFile(path)
    try system { () throws(SystemError) in try place.directory.descriptor.unlink(name) }
    provisionalNames.remove(path)
  }

  mutating func removeDirectory(_ path: RawSpan) throws(ReceiveError.Reason) {
    special = nil
    let place = try tree.place(path)
    let name = place.name
    // To remove the root of a nested subvolume would be to delete that.
    try tree.checkOwn(place, path)
    tree.removed(path)
    try system { () throws(SystemError) in
      try place.directory.descriptor.removeDirectory(name)
    }
    provisionalNames.remove(path)
  }

  /// What a directory hands down.
  func inheritance(of directory: Node) throws(ReceiveError.Reason) -> Inheritance {
    if isBare { return [] }
    if let known = directory.inheritance { return known }
    // Opened, it is another node, which is found by the path from now on.
    let opened = try tree.opened(directory)
    directory.inheritance = try opened.findInheritance()
    return directory.inheritance ?? []
  }

  /// Something was set that directories hand down.
  mutating func noteInheritance(_ node: Node) {
    node.inheritance = nil
    isBare = false
  }
}

/// The extended attributes that btrfs and its ACLs give to new inodes from their directory.
enum InheritedAttributes {
  static let defaultACL = "system.posix_acl_default"
  static let accessACL = "system.posix_acl_access"
  static let compression = "btrfs.compression"

  /// Those that an inode of a kind may have got.
  static func of(_ kind: NewInode.Kind) -> [String] {
    switch kind {
    case .file: [accessACL, compression]
    case .directory: [accessACL, defaultACL, compression]
    case .special: [accessACL]
    case .symbolicLink: []
    }
  }
}

extension NewInode.Kind {
  /// Whether it is open once it is made.
  var isOpened: Bool {
    switch self {
    case .file, .directory: true
    case .special, .symbolicLink: false
    }
  }

  var isDirectory: Bool {
    if case .directory = self { return true }
    return false
  }
}

extension Node {
  /// What is handed down: access control lists, the compression property, flags.
  func findInheritance() throws(ReceiveError.Reason) -> Inheritance {
    if let known = inheritance { return known }
    let flags: InodeFlags = [.compressed, .notCompressed, .noCopyOnWrite]
    let found = try system { () throws(SystemError) -> Inheritance in
      var found: Inheritance = []
      let names = [InheritedAttributes.defaultACL, InheritedAttributes.compression].map {
        Array($0.utf8)
      }
      for name in try descriptor.attributeNames() where names.contains(name) {
        found.insert(.attributes)
      }
      if try !descriptor.inodeFlags().isDisjoint(with: flags) { found.insert(.flags) }
      return found
    }
    inheritance = found
    return found
  }

  /// Removes an extended attribute, if there is one.
  func removeAttribute(_ name: some PathBytes & ~Escapable) throws(ReceiveError.Reason) {
    do throws(SystemError) {
      try descriptor.removeAttribute(name)
    } catch {
      if error.errno != .noData { throw .system(error) }
    }
  }
}
