internal import Bytes
internal import Linux
internal import Tree

/// A tree that is put together member by member: its files lie in a directory, all else is in memory.
struct ArchiveTree: ~Copyable {
  private struct Slot {
    var inode: TreeInode
    /// Of a directory: how many entries it has.
    var entryCount = 0
    /// Whether a member says what it is: else it is only there for what is below it.
    var isDescribed = true
  }

  private let temporary: TemporaryTree
  /// Which inode each path leads to.
  private var names: [PathKey: Int] = [:]
  private var slots: [Slot] = []
  /// What names, targets and attributes took so far.
  private var metadataBytes = 0

  /// A tree of only a root, whose files will lie in a new directory there.
  init(in place: String) throws(ArchiveError) {
    do throws(SystemError) { temporary = try TemporaryTree(in: place) } catch {
      throw ArchiveError(.system(error), offset: 0)
    }
    slots.append(Slot(inode: Self.undescribedDirectory, isDescribed: false))
    names[PathKey([])] = 0
  }

  /// Adds a member, with its data; what had its name before is gone.
  ///
  /// - Parameter progress: is told how many more bytes were written, at least once.
  mutating func add(
    _ member: TarMember, from reader: inout TarReader,
    progress: (Int) throws(SystemError) -> Void
  ) throws(ArchiveError) {
    do throws(ArchiveError.Reason) {
      try addMetadata(of: member)
      switch member.kind {
      case .hardLink(let target): try link(member.path, to: target)
      case .inode(let inode):
        if try makeRoom(for: inode, at: member.path) {
          try insert(Slot(inode: inode), at: member.path)
        }
      }
      do throws(SystemError) { try progress(0) } catch { throw .system(error) }
    } catch { throw reader.located(error) }
    guard case .inode(let inode) = member.kind, inode.type == .regular else { return }
    try write(inode.size, at: member.path, from: &reader, progress)
  }

  private mutating func addMetadata(of member: TarMember) throws(ArchiveError.Reason) {
    try addMetadata(member.path.count)
    guard case .inode(let inode) = member.kind else { return }
    try addMetadata(inode.target.count)
    for attribute in inode.attributes {
      try addMetadata(attribute.name.count + attribute.value.count)
    }
  }

  private mutating func addMetadata(_ bytes: Int) throws(ArchiveError.Reason) {
    metadataBytes += bytes
    guard metadataBytes <= ArchiveLimits.metadata else {
      throw .tooMuchMetadata(limit: ArchiveLimits.metadata)
    }
  }

  // MARK: Names

  /// Makes a path free, and the directories that lead to it.
  ///
  /// - Returns: false if it is a directory already, which now is as the new one says.
  private mutating func makeRoom(
    for inode: TreeInode, at path: [UInt8]
  ) throws(ArchiveError.Reason) -> Bool {
    if let old = names[PathKey(path)] {
      if slots[old].inode.type == .directory {
        if inode.type == .directory {
          slots[old].inode = inode
          slots[old].isDescribed = true
          return false
        }
      }
      try remove(path, old)
    } else {
      try makeDirectories(to: path)
    }
    return true
  }

  /// However many there are to make, each is made in the one before it: a name can say two thousand.
  private mutating func makeDirectories(to path: [UInt8]) throws(ArchiveError.Reason) {
    var missing: [[UInt8]] = []
    var parent = MemberPath.parent(of: path)
    while names[PathKey(parent)] == nil {
      missing.append(parent)
      parent = MemberPath.parent(of: parent)
    }
    if let slot = names[PathKey(parent)], slots[slot].inode.type != .directory {
      throw .notADirectory(parent)
    }
    if missing.isEmpty { return }
    var directory = try open(parent)
    for path in missing.reversed() {
      try addMetadata(path.count)
      do throws(SystemError) {
        let name = MemberPath.name(of: path)
        try directory.makeDirectory(name)
        directory = try directory.open(beneath: name, .directory)
      } catch { throw .system(error) }
      try self.name(path, slots.count)
      slots.append(Slot(inode: Self.undescribedDirectory, isDescribed: false))
    }
  }

  private func open(_ path: [UInt8]) throws(ArchiveError.Reason) -> Descriptor {
    do throws(SystemError) {
      return try temporary.directory.open(beneath: path, .directory)
    } catch { throw .system(error) }
  }

  private mutating func insert(_ slot: Slot, at path: [UInt8]) throws(ArchiveError.Reason) {
    if slot.inode.type == .directory {
      try onDisk { (root) throws(SystemError) in
        let parent = try root.open(beneath: MemberPath.parent(of: path), .directory)
        try parent.makeDirectory(MemberPath.name(of: path))
      }
    }
    try name(path, slots.count)
    slots.append(slot)
  }

  private mutating func name(_ path: [UInt8], _ slot: Int) throws(ArchiveError.Reason) {
    guard max(names.count, slots.count) < ArchiveLimits.members else {
      throw .tooManyMembers(limit: ArchiveLimits.members)
    }
    names[PathKey(path)] = slot
    if let parent = names[PathKey(MemberPath.parent(of: path))] { slots[parent].entryCount += 1 }
  }

  private mutating func remove(_ path: [UInt8], _ slot: Int) throws(ArchiveError.Reason) {
    let (parent, name) = (MemberPath.parent(of: path), MemberPath.name(of: path))
    let type = slots[slot].inode.type
    if type == .directory, path.isEmpty || slots[slot].entryCount > 0 { throw .replacesDirectory }
    if type == .directory || type == .regular {
      try onDisk { (root) throws(SystemError) in
        let directory = try root.open(beneath: parent, .directory)
        if type == .directory {
          try directory.removeDirectory(name)
        } else {
          try directory.unlink(name)
        }
      }
    }
    names[PathKey(path)] = nil
    if let slot = names[PathKey(parent)] { slots[slot].entryCount -= 1 }
  }

  private mutating func link(
    _ path: [UInt8], to target: [UInt8]
  ) throws(ArchiveError.Reason) {
    guard let slot = names[PathKey(target)] else { throw .missingLinkTarget(target) }
    let inode = slots[slot].inode
    guard inode.type != .directory else { throw .linkToDirectory(target) }
    // Linked again to what it is already.
    if names[PathKey(path)] == slot { return }
    // The new name is of no directory, whatever type it has.
    guard try makeRoom(for: inode, at: path) else { throw .replacesDirectory }
    if inode.type == .regular {
      try onDisk { (root) throws(SystemError) in
        let source = try root.open(beneath: MemberPath.parent(of: target), .directory)
        let directory = try root.open(beneath: MemberPath.parent(of: path), .directory)
        try directory.makeLink(
          MemberPath.name(of: path), to: MemberPath.name(of: target), in: source)
      }
    }
    try name(path, slot)
  }

  // MARK: Data

  private func write(
    _ size: UInt64, at path: [UInt8], from reader: inout TarReader,
    _ progress: (Int) throws(SystemError) -> Void
  ) throws(ArchiveError) {
    let file = try create(path, from: reader)
    var end: UInt64 = 0
    try reader.readData { (offset, bytes) throws(SystemError) in
      try file.write(bytes, at: offset)
      end = offset + UInt64(bytes.byteCount)
      try progress(bytes.byteCount)
    }
    do throws(SystemError) {
      if end < size { try file.truncate(to: size) }
    } catch { throw reader.located(.system(error)) }
  }

  private func create(
    _ path: [UInt8], from reader: borrowing TarReader
  ) throws(ArchiveError) -> Descriptor {
    do throws(SystemError) {
      return try temporary.directory.open(
        beneath: path, [.writeOnly, .create, .exclusive, .noFollow], permissions: 0o600)
    } catch { throw reader.located(.system(error)) }
  }

  private func onDisk(
    _ body: (borrowing Descriptor) throws(SystemError) -> Void
  ) throws(ArchiveError.Reason) {
    do throws(SystemError) { try body(temporary.directory) } catch { throw .system(error) }
  }

  // MARK: The catalog

  /// What was put together.
  consuming func catalog() throws(ArchiveError) -> TreeCatalog {
    let sorted = names.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
    Self.describeDirectories(&slots, sorted, names)
    var inodes: [TreeInode] = []
    var numbers = [Int](repeating: -1, count: slots.count)
    var entries: [TreeCatalog.Entry] = []
    entries.reserveCapacity(sorted.count)
    for (key, slot) in sorted {
      if numbers[slot] < 0 {
        numbers[slot] = inodes.count
        inodes.append(slots[slot].inode)
      }
      entries.append(TreeCatalog.Entry(path: key.path, inode: numbers[slot]))
    }
    do throws(SystemError) {
      return TreeCatalog(entries: entries, inodes: inodes, root: try TreeRoot(temporary))
    } catch { throw ArchiveError(.system(error), offset: 0) }
  }

  /// Directories that no member describes are as new as the newest of their entries.
  private static func describeDirectories(
    _ slots: inout [Slot], _ sorted: [(key: PathKey, value: Int)], _ names: [PathKey: Int]
  ) {
    if slots.allSatisfy({ $0.isDescribed }) { return }
    var newest = [FileTime?](repeating: nil, count: slots.count)
    // What is below a directory comes behind it.
    for (key, slot) in sorted.reversed() {
      if !slots[slot].isDescribed {
        let time = newest[slot] ?? FileTime(seconds: 0)
        slots[slot].inode.modificationTime = time
        slots[slot].inode.accessTime = time
      }
      let path = key.path
      guard !path.isEmpty, let parent = names[PathKey(MemberPath.parent(of: path))] else {
        continue
      }
      let time = slots[slot].inode.modificationTime
      newest[parent] = max(newest[parent] ?? time, time)
    }
  }

  private static var undescribedDirectory: TreeInode {
    TreeInode(type: .directory, permissions: 0o755, modificationTime: FileTime(seconds: 0))
  }
}
