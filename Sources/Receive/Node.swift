internal import Bytes
internal import Linux

/// An inode beneath a root, held open: known to be on the root's device.
final class Node {
  /// What the descriptor is good for.
  enum Access: Int, Comparable {
    /// Metadata; the file itself is not opened.
    case name
    /// Reading data, and all that needs a file that is really open.
    case read
    /// Reading and writing data.
    case write

    static func < (one: Access, other: Access) -> Bool { one.rawValue < other.rawValue }
  }

  /// The attribute that holds a file's capabilities, which writing and changing the owner remove.
  enum Capability {
    case unknown
    case none
    case value([UInt8])
  }

  let descriptor: Descriptor
  let type: FileType
  let access: Access

  /// Where it is beneath the root, as long as it is cached.
  var path: [UInt8]

  /// When it was used last, by the clock of its cache.
  var lastUse: UInt64 = 0

  /// For a directory: what is made in it inherits that; `nil` if not known.
  var inheritance: Inheritance?

  /// For a directory: whether what is made in it gets its group (set-group-ID).
  var isSetGroup = false

  /// Who owns it, as long as nothing has happened that makes setting that again have an effect.
  var owner: Owner?

  /// For a file: its size, when it was opened or changed last; see ``KnownSize``.
  var size: KnownSize?

  /// The capabilities that it is to have.
  var capability = Capability.unknown

  init(_ descriptor: consuming Descriptor, _ type: FileType, _ access: Access, path: [UInt8]) {
    self.descriptor = descriptor
    self.type = type
    self.access = access
    self.path = path
  }

  /// The same inode with what is known of it, opened otherwise.
  func reopened(_ descriptor: consuming Descriptor, _ access: Access) -> Node {
    let node = Node(descriptor, type, access, path: path)
    (node.inheritance, node.isSetGroup) = (inheritance, isSetGroup)
    (node.owner, node.capability, node.size) = (owner, capability, size)
    return node
  }
}

/// What new inodes get from their directory besides its group.
struct Inheritance: OptionSet {
  let rawValue: Int

  /// Extended attributes: access control lists, the compression property.
  static let attributes = Inheritance(rawValue: 1)
  /// Inode flags: no compression, no copying on write.
  static let flags = Inheritance(rawValue: 2)
}

/// The size of a file, as long as no other was changed, which may be the same under another name.
struct KnownSize {
  var bytes: UInt64
  /// The number of changes of files' data that there were by then.
  var changeCount: UInt64
}

/// User and group of an inode.
struct Owner: Equatable {
  var user: UInt32
  var group: UInt32
}
