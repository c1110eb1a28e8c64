internal import Bytes
internal import Crypto
internal import Linux

/// Writes the two canonical listings of a tree into their hashers.
///
/// `docs/tree-digest.md` says what they look like, and is what other implementations are written
/// from.
struct TreeListing: ~Copyable {
  private var content = SHA256()
  private var full = SHA256()

  init() {
    let contentName = Array("btrfs-delta tree content 1\n".utf8)
    content.update(contentName.rawSpan)
    let fullName = Array("btrfs-delta tree full 1\n".utf8)
    full.update(fullName.rawSpan)
  }

  /// Appends a node.
  ///
  /// - Parameter data: the SHA-256 of the bytes, for the first name of a regular file.
  mutating func append(_ node: TreeNode, data: SHA256Digest?) throws(SystemError) {
    if let firstPath = node.firstPath {
      append(node.path, linkedTo: firstPath)
    } else {
      append(node.path, try node.inode(), data: data)
    }
  }

  /// Appends a further name of an inode.
  mutating func append(_ path: [UInt8], linkedTo firstPath: [UInt8]) {
    var head: [UInt8] = []
    head.append(string: path)
    head.append(Self.hardLink)
    head.append(string: firstPath)
    update(head)
  }

  /// Appends an inode under its first name.
  ///
  /// - Parameter data: the SHA-256 of a regular file's bytes.
  mutating func append(_ path: [UInt8], _ inode: TreeInode, data: SHA256Digest?) {
    var head: [UInt8] = []
    head.append(string: path)
    head.append(Self.number(of: inode.type))
    head.append(littleEndian: UInt16(truncatingIfNeeded: inode.permissions))
    head.append(littleEndian: inode.user)
    head.append(littleEndian: inode.group)
    update(head)

    var time: [UInt8] = []
    time.append(littleEndian: inode.modificationTime.seconds)
    time.append(littleEndian: inode.modificationTime.nanoseconds)
    full.update(time.rawSpan)

    var tail: [UInt8] = []
    tail.append(littleEndian: UInt32(truncatingIfNeeded: inode.attributes.count))
    for attribute in inode.attributes {
      tail.append(string: attribute.name)
      tail.append(string: attribute.value)
    }
    switch inode.type {
    case .regular:
      tail.append(littleEndian: inode.size)
      if let data { tail.append(copying: data.rawSpan) }
    case .symbolicLink: tail.append(string: inode.target)
    case .characterDevice, .blockDevice: tail.append(littleEndian: inode.specialDevice)
    case .directory, .fifo, .socket: break
    }
    update(tail)
  }

  /// The digests of all that was appended.
  mutating func finalize() -> TreeDigest {
    TreeDigest(content: content.finalize(), full: full.finalize())
  }

  private mutating func update(_ bytes: [UInt8]) {
    content.update(bytes.rawSpan)
    full.update(bytes.rawSpan)
  }

  private static let hardLink: UInt8 = 8

  private static func number(of type: FileType) -> UInt8 {
    switch type {
    case .regular: 1
    case .directory: 2
    case .symbolicLink: 3
    case .characterDevice: 4
    case .blockDevice: 5
    case .fifo: 6
    case .socket: 7
    }
  }
}

extension [UInt8] {
  /// Appends bytes with their number in front. No name, attribute or target has 2^32.
  fileprivate mutating func append(string bytes: [UInt8]) {
    append(littleEndian: UInt32(truncatingIfNeeded: bytes.count))
    self += bytes
  }
}
