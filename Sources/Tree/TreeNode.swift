internal import Bytes
public import Linux

/// An inode of a tree under one of its names, opened.
///
/// It is opened for reading if it is a regular file or a directory; else it is only named, so that
/// no device or FIFO is ever opened.
public final class TreeNode: Sendable {
  /// The path below the tree's root, without a slash in front; empty for the root.
  public let path: [UInt8]

  /// The metadata, as it was when the node was opened.
  public let status: FileStatus

  /// The open inode.
  public let descriptor: Descriptor

  /// The path of the first name that the inode has in the tree, if this is a later one.
  public let firstPath: [UInt8]?

  init(
    path: [UInt8], status: FileStatus, descriptor: consuming Descriptor, firstPath: [UInt8]? = nil
  ) {
    self.path = path
    self.status = status
    self.descriptor = descriptor
    self.firstPath = firstPath
  }

  /// The extended attributes in the order of their names' bytes.
  ///
  /// Those in `trusted.` are left out: they are not contents but what the system noted for itself,
  /// and not every process sees them.
  public func attributes() throws(SystemError) -> [TreeAttribute] {
    let names: [[UInt8]]
    do throws(SystemError) {
      names = try descriptor.attributeNames()
    } catch {
      if error.errno == .notSupported { return [] }
      throw error
    }
    var attributes: [TreeAttribute] = []
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      if name.starts(with: "trusted.".utf8) { continue }
      // One that went meanwhile is none.
      if let value = try descriptor.attribute(name) {
        attributes.append(TreeAttribute(name: name, value: value))
      }
    }
    return attributes
  }

  /// The permissions as they count: a symbolic link has none of its own, and what file systems
  /// say of them differs.
  var permissions: UInt32 { status.type == .symbolicLink ? 0o777 : status.permissions }

  /// Reads the next part of the file, from its position; empty at its end.
  func readChunk() throws(SystemError) -> [UInt8] {
    // One byte more than is left shows the end of a small file at once.
    let size = Int(clamping: status.size)
    let capacity = min(max(size, 1), TreeLimits.chunk)
    return try [UInt8].reading(capacity: capacity) { (out) throws(SystemError) in
      try descriptor.fill(&out)
    }
  }

  /// The error of a tree that changes while it is read.
  var changed: SystemError {
    SystemError(operation: "read", path: descriptor.path, errno: .stale)
  }
}

/// An extended attribute.
public struct TreeAttribute: Hashable, Sendable {
  /// Its name with its namespace: `security.capability`.
  public var name: [UInt8]
  /// Its value.
  public var value: [UInt8]

  /// An attribute.
  public init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

/// How much memory one step over a tree takes.
enum TreeLimits {
  /// How many bytes of a file are read at once.
  static let chunk = 256 * 1024
}

/// How much of a tree was gone through.
public struct TreeTotals: Hashable, Sendable {
  /// Names, the root's included.
  public var entries: UInt64 = 0
  /// Bytes of regular files, each inode counted once.
  public var dataBytes: UInt64 = 0

  /// Nothing yet.
  public init() {}
}

/// Is told now and then how far a walk has come; ends it with `ECANCELED` by answering false.
public typealias TreeProgress = (TreeTotals) -> Bool
