public import Linux

/// The files of a parent snapshot, opened confined to its root directory.
public final class ParentTree: OldTree, Sendable {
  private let root: Descriptor
  private let device: UInt64

  /// The tree below a directory.
  ///
  /// - Throws: `SystemError` if the directory's status cannot be read.
  public init(root: consuming Descriptor) throws(SystemError) {
    device = try root.status().device
    self.root = root
  }

  /// Opens a regular file; what is no regular file, a symbolic link included, is `EINVAL` or
  /// `ELOOP`.
  public func open(_ path: [UInt8]) throws(SystemError) -> ParentFile {
    let flags: OpenFlags = [.readOnly, .noFollow, .nonBlocking]
    return try ParentFile(root.open(beneath: path, flags, device: device))
  }
}

/// An open file of a ``ParentTree``.
public final class ParentFile: OldFile, Sendable {
  private let descriptor: Descriptor

  /// The length in bytes when it was opened.
  public let length: UInt64

  /// The inode's number.
  private let inode: UInt64

  fileprivate init(_ descriptor: consuming Descriptor) throws(SystemError) {
    let status = try descriptor.status()
    guard status.type == .regular else {
      throw SystemError(operation: "open", path: descriptor.path, errno: .invalidArgument)
    }
    length = status.size
    inode = status.inode
    self.descriptor = descriptor
  }

  /// Whether another file of the same tree is this one under another name.
  public func isSameFile(as other: ParentFile) -> Bool { inode == other.inode }

  /// Fills all the room of `out` from a place in the file; less only where the file ends.
  public func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    try descriptor.fill(&out, at: offset)
  }
}
