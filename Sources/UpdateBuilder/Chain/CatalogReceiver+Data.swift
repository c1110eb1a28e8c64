internal import Bytes
internal import DeltaStream
internal import Linux
internal import SendStream
internal import Tree

// Data, in regular files only.
extension CatalogReceiver {
  func write(
    _ path: RawSpan, _ offset: UInt64, _ data: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    let inode = try file(path)
    let end = try end(offset, UInt64(data.byteCount))
    let stored = try stored(inode)
    try system { () throws(SystemError) in try stored.descriptor.write(data, at: offset) }
    noteData(inode, upTo: end)
  }

  func clone(
    _ path: RawSpan, _ offset: UInt64, _ length: UInt64, from uuid: SubvolumeUUID,
    _ sourcePath: RawSpan, _ sourceOffset: UInt64
  ) throws(CatalogReceiveError.Reason) {
    let inode = try file(path)
    // FICLONERANGE takes 0 for all that is left.
    guard length > 0 else { throw .badValue(.cloneLength, length) }
    let end = try end(offset, length)
    let sourceEnd = try self.end(sourceOffset, length)
    let isOwn = uuid == self.uuid
    guard isOwn || uuid == parentUUID else { throw .unknownCloneSource(uuid) }
    if isOwn {
      let from = try file(sourcePath)
      guard from != inode || sourceEnd <= offset || end <= sourceOffset else {
        throw .badValue(.cloneOffset, sourceOffset)
      }
      // Only one with checksums: these share nothing. What the parent has would be copied.
      guard names.inodes[from].value.isWritten(as: names.inodes[inode].value) else {
        throw .refused(.invalidArgument, [UInt8](copying: path))
      }
    }
    let target = try stored(inode)
    guard let source = try source(sourcePath, isOwn: isOwn) else {
      throw .badValue(.cloneLength, length)
    }
    let size = names.inodes[inode].value.size
    try system { () throws(SystemError) in
      guard try source.status().size >= sourceEnd else {
        throw SystemError(operation: "FICLONERANGE", path: source.path, errno: .invalidArgument)
      }
      try target.copy(from: source, at: sourceOffset, count: length, to: offset, size: size)
    }
    noteData(inode, upTo: end)
  }

  /// The file that is cloned from; `nil` if it is empty.
  private func source(
    _ path: RawSpan, isOwn: Bool
  ) throws(CatalogReceiveError.Reason) -> Descriptor? {
    guard StreamPath.isBeneathRoot(path) else { throw .badPath([UInt8](copying: path)) }
    var contents = NameTable.Contents.parent([UInt8](copying: path))
    if isOwn { contents = names.inodes[try file(path)].contents }
    let found = contents
    return try system { () throws(SystemError) -> Descriptor? in
      switch found {
      case .none: nil
      case .parent(let path): try store.openParent(path)
      case .stored(let number): try store.file(number).descriptor.duplicate()
      }
    }
  }

  func truncate(_ path: RawSpan, to size: UInt64) throws(CatalogReceiveError.Reason) {
    let inode = try file(path)
    guard size <= Self.maximumSize else { throw .badValue(.size, size) }
    if size == 0 {
      try forget(names.inodes[inode].contents)
      names.change(inode) { $0.contents = .none }
    } else {
      let stored = try stored(inode)
      try system { () throws(SystemError) in try stored.descriptor.truncate(to: size) }
    }
    names.change(inode) {
      $0.value.size = size
      $0.dropCapability()
    }
  }

  func allocate(
    _ path: RawSpan, _ mode: UInt32, _ offset: UInt64, _ count: UInt64
  ) throws(CatalogReceiveError.Reason) {
    let mode = AllocationMode(rawValue: mode)
    guard mode.isSubset(of: [.keepSize, .punchHole, .zeroRange]),
      !mode.contains(.punchHole) || mode == [.punchHole, .keepSize]
    else { throw .badValue(.allocationMode, UInt64(mode.rawValue)) }
    let inode = try file(path)
    let end = try end(offset, count)
    let size = names.inodes[inode].value.size
    let stored = try stored(inode)
    try system { () throws(SystemError) in
      if !mode.isDisjoint(with: [.punchHole, .zeroRange]) {
        try stored.zero(offset..<end, size: size)
      }
      // Room that is only kept has nothing in it that anybody could read.
      if !mode.contains(.keepSize), end > size { try stored.descriptor.truncate(to: end) }
    }
    noteData(inode, upTo: mode.contains(.keepSize) ? size : end)
  }

  /// The longest file: `MAX_LFS_FILESIZE`.
  private static var maximumSize: UInt64 { UInt64(Int64.max) }

  private func end(
    _ offset: UInt64, _ count: UInt64
  ) throws(CatalogReceiveError.Reason) -> UInt64 {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= Self.maximumSize else { throw .badValue(.fileOffset, offset) }
    return end
  }

  private func file(_ path: RawSpan) throws(CatalogReceiveError.Reason) -> Int {
    let inode = try names.inode(at: path)
    let type = names.inodes[inode].value.type
    guard type == .regular else { throw .notRegularFile(type) }
    return inode
  }

  /// The contents of a file, in a file of their own that can be written to.
  private func stored(_ inode: Int) throws(CatalogReceiveError.Reason) -> StoredFile {
    let (contents, size) = (names.inodes[inode].contents, names.inodes[inode].value.size)
    let number = try system { () throws(SystemError) in
      switch contents {
      case .none: try store.create()
      case .parent(let path): try store.create(from: path, size: size)
      case .stored(let number): number
      }
    }
    names.change(inode) { $0.contents = .stored(number) }
    return try system { () throws(SystemError) in try store.file(number) }
  }

  private func noteData(_ inode: Int, upTo end: UInt64) {
    names.change(inode) {
      $0.value.size = Swift.max($0.value.size, end)
      $0.dropCapability()
    }
  }

  /// A file of the new tree as it is now, for a patch that copies from it.
  func openNew(
    _ path: [UInt8], for target: [UInt8], in parent: ParentTree?, _ files: ParentTree
  ) throws(SystemError) -> ParentFile {
    let text = String(decoding: path, as: UTF8.self)
    let found: (Int, Int)
    do throws(CatalogReceiveError.Reason) {
      found = (try file(path.rawSpan), try names.inode(at: target.rawSpan))
    } catch { throw SystemError(operation: "open", path: text, errno: .noSuchFile) }
    // What changes while it is read is nothing to predict from.
    guard found.0 != found.1 else {
      throw SystemError(operation: "open", path: text, errno: .busy)
    }
    switch names.inodes[found.0].contents {
    case .stored(let number): return try files.open(Array(ContentStore.name(number).utf8))
    case .parent(let path):
      if let parent { return try parent.open(path) }
    case .none: break
    }
    throw SystemError(operation: "open", path: text, errno: .noSuchFile)
  }
}

extension NameTable.Inode {
  /// The kernel takes capabilities away when data changes.
  fileprivate mutating func dropCapability() {
    if value.attributes.isEmpty { return }
    value.attributes.removeAll { $0.name.elementsEqual("security.capability".utf8) }
  }
}
