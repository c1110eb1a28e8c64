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

  let descriptor: Descriptor
  let type: FileType
  let access: Access

  /// Where it is beneath the root, as long as it is cached.
  var path: [UInt8]

  /// When it was used last, by the clock of its cache.
  var lastUse: UInt64 = 0

  /// For a directory: whether what is made in it inherits extended attributes; `nil` if not known.
  var passesOnAttributes: Bool?

  init(_ descriptor: consuming Descriptor, _ type: FileType, _ access: Access, path: [UInt8]) {
    self.descriptor = descriptor
    self.type = type
    self.access = access
    self.path = path
  }
}
