internal import Btrfs
public import Linux

/// Goes through a tree, confined to it.
///
/// The root comes first, then depth first each directory before its entries, and these in the order of
/// their names' bytes. No symbolic link is followed. What does not belong to the tree is left out, and
/// listed in ``leftOut``: mount points, nested subvolumes, and the empty directories that
/// stand for these in a snapshot, which the kernel does not send either.
///
/// Memory: the names in the directories that lead to the current one, and a path for each
/// inode of which not all names were seen yet. One descriptor is open for each level, so the
/// process's limit of open files limits the depth.
public struct TreeWalker: ~Copyable {
  private let root: TreeNode
  private let isBtrfs: Bool
  private var levels: [Level]
  private var pending: TreeNode?
  private var links: LinkMap
  private var leavesAccessTime: Bool

  /// Paths that do not belong to the tree, as far as the walk has come.
  public private(set) var leftOut: [[UInt8]]

  /// A walk over the tree below an open directory.
  public init(_ root: borrowing Descriptor) throws(SystemError) {
    // Opened anew: directories that share an open file share its position.
    let directory = try root.open(beneath: "", .directory)
    let isBtrfs = try FileSystem.isBtrfs(directory)
    let status = try directory.status()
    self.root = TreeNode(path: [], status: status, descriptor: directory)
    self.isBtrfs = isBtrfs
    pending = self.root
    levels = []
    links = LinkMap()
    leavesAccessTime = true
    leftOut = []
  }

  /// The next inode; `nil` at the end.
  public mutating func next() throws(SystemError) -> TreeNode? {
    if let first = pending {
      pending = nil
      try descend(into: first)
      return first
    }
    while let level = levels.last {
      guard let entry = level.takeNext() else {
        levels.removeLast()
        continue
      }
      guard let node = try open(entry, in: level.directory) else { continue }
      if node.status.type == .directory { try descend(into: node) }
      return node
    }
    return nil
  }

  /// Leaves out what the directory holds that ``next()`` gave last.
  public mutating func skipEntries(of directory: TreeNode) {
    if levels.last?.directory === directory { levels.removeLast() }
  }

  private mutating func descend(into directory: TreeNode) throws(SystemError) {
    levels.append(Level(directory, try directory.descriptor.entries()))
  }

  /// Opens an entry; `nil` if it does not belong to the tree.
  private mutating func open(
    _ entry: DirectoryEntry, in directory: TreeNode
  ) throws(SystemError) -> TreeNode? {
    let path = directory.path.isEmpty ? entry.name : directory.path + [0x2F] + entry.name
    let type =
      if let known = entry.type { known } else {
        try directory.descriptor.status(of: entry.name).type
      }
    let descriptor: Descriptor
    do throws(SystemError) {
      descriptor = try openDescriptor(entry.name, type, in: directory.descriptor)
    } catch {
      // The kernel crosses no mount point.
      if error.errno != .crossDevice { throw error }
      leftOut.append(path)
      return nil
    }
    let status = try descriptor.status()
    if status.type != type {
      throw SystemError(operation: "openat2", path: descriptor.path, errno: .stale)
    }
    if status.device != root.status.device || isPlaceholder(status) {
      leftOut.append(path)
      return nil
    }
    let firstPath = links.firstPath(of: status, path)
    return TreeNode(
      path: path, status: status, descriptor: descriptor, firstPath: firstPath)
  }

  private mutating func openDescriptor(
    _ name: [UInt8], _ type: FileType, in directory: borrowing Descriptor
  ) throws(SystemError) -> Descriptor {
    guard type == .regular || type == .directory else {
      return try directory.open(beneath: name, [.path, .noFollow])
    }
    // What is no regular file any more must not make this wait.
    let flags: OpenFlags =
      type == .directory ? [.noFollow, .directory] : [.noFollow, .nonBlocking]
    if leavesAccessTime {
      do throws(SystemError) {
        return try directory.open(beneath: name, flags.union(.noAccessTime))
      } catch {
        // Only for the file's owner, and root.
        if error.errno != .notPermitted { throw error }
        leavesAccessTime = false
      }
    }
    return try directory.open(beneath: name, flags)
  }

  /// Only btrfs: elsewhere, the number is like any other.
  private func isPlaceholder(_ status: FileStatus) -> Bool {
    isBtrfs && status.type == .directory && status.inode == Subvolume.placeholderInode
  }
}

/// A directory that the walk is in.
private final class Level {
  let directory: TreeNode
  // In reverse, so that the next one is the last.
  private var entries: [DirectoryEntry]

  init(_ directory: TreeNode, _ entries: [DirectoryEntry]) {
    self.directory = directory
    self.entries = entries.sorted { $1.name.lexicographicallyPrecedes($0.name) }
  }

  func takeNext() -> DirectoryEntry? { entries.popLast() }
}

/// The inodes of which not all names were seen yet.
private struct LinkMap {
  private struct Link {
    var firstPath: [UInt8]
    var unseen: UInt64
  }

  private var links: [UInt64: Link] = [:]

  /// Notes a name of an inode; the path of its first one if this is a later one.
  mutating func firstPath(of status: FileStatus, _ path: [UInt8]) -> [UInt8]? {
    guard status.type != .directory, status.linkCount > 1 else { return nil }
    guard let link = links[status.inode] else {
      links[status.inode] = Link(firstPath: path, unseen: status.linkCount - 1)
      return nil
    }
    links[status.inode] =
      link.unseen > 1 ? Link(firstPath: link.firstPath, unseen: link.unseen - 1) : nil
    return link.firstPath
  }
}
