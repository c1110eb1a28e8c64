internal import Bytes
internal import Linux
internal import Tree

/// What differs between what an inode is and what it is to be, and in which order it is said.
///
/// A change of owner, and every change of contents, has the kernel remove capabilities, and maybe
/// set-user-ID and set-group-ID bits; so these come after it.
struct InodeChange {
  let before: TreeInode?
  let after: TreeInode
  /// Whether its contents are changed.
  let isRewritten: Bool
  /// Whether inodes are made in it, which would get what it hands down.
  let makesInodes: Bool

  init(from before: TreeInode?, to after: TreeInode, isRewritten: Bool, makesInodes: Bool) {
    self.before = before
    self.after = after
    self.isRewritten = isRewritten
    self.makesInodes = makesInodes
  }

  /// What is to be said of an inode that is just made.
  init(making inode: TreeInode) {
    self.init(from: nil, to: inode, isRewritten: false, makesInodes: true)
  }

  private static let capability = Array("security.capability".utf8)
  private static let accessACL = Array("system.posix_acl_access".utf8)
  private static let inherited: Set<[UInt8]> = [
    Array("system.posix_acl_default".utf8), TreeAttribute.compression,
  ]

  var changesOwner: Bool {
    before.map { ($0.user, $0.group) != (after.user, after.group) } ?? true
  }

  /// The attributes that are removed, and those that are set with the rest.
  var removedAttributes: [[UInt8]] {
    (before?.attributes ?? []).map(\.name).filter { name in
      !after.attributes.contains { $0.name == name } || makesInodes && isInherited(name)
    }
  }

  var setAttributes: [TreeAttribute] {
    after.attributes.filter { !isInherited($0.name) && isToBeSet($0) }
  }

  /// The attributes that a directory hands down to what is made in it.
  var setInheritedAttributes: [TreeAttribute] {
    after.attributes.filter { isInherited($0.name) && (makesInodes || isToBeSet($0)) }
  }

  var changesMode: Bool {
    guard after.type != .symbolicLink else { return false }
    guard let before else { return true }
    let isRevoked = after.permissions & 0o6000 != 0 && (changesOwner || isRewritten)
    let hasACL = removedAttributes.contains(Self.accessACL)
    return before.permissions != after.permissions || isRevoked || hasACL
      || setAttributes.contains { $0.name == Self.accessACL }
  }

  /// Only of what is no directory: these have their times set in the end.
  var changesTimes: Bool {
    after.type != .directory
      && (isRewritten || before?.modificationTime != after.modificationTime)
  }

  /// The flags that are set before all else, if any: whether a file is copied on write must be settled while
  /// it is empty, a directory hands it down, and nothing that is not can have the compression property.
  var earlyFlags: InodeFlags? {
    guard let before else {
      let early = after.type == .regular ? after.flags.intersection(.noCopyOnWrite) : []
      return early.isEmpty ? nil : early
    }
    let handsDown = after.type == .directory && makesInodes
    guard before.flags.contains(.noCopyOnWrite),
      handsDown || !after.flags.contains(.noCopyOnWrite)
    else { return nil }
    return before.flags.subtracting(.noCopyOnWrite)
  }

  /// Whether flags have to be set once all else is right.
  var changesFlags: Bool {
    after.flags != earlyFlags ?? before?.flags ?? []
  }

  private func isInherited(_ name: [UInt8]) -> Bool {
    after.type == .directory && Self.inherited.contains(name)
  }

  private func isToBeSet(_ attribute: TreeAttribute) -> Bool {
    if attribute.name == Self.capability, changesOwner || isRewritten { return true }
    return before?.attributes.contains(attribute) != true
  }
}

extension TreeAttribute {
  /// The name of the compression property, which excludes that an inode is not copied on write.
  static let compression = Array("btrfs.compression".utf8)
}
