internal import Linux
internal import Tree

/// A member of an archive.
struct TarMember {
  /// What it is.
  enum Kind {
    /// An inode of its own.
    case inode(TreeInode)
    /// Another name of the inode that the path leads to.
    case hardLink([UInt8])
  }

  /// The name as the archive has it.
  var name: [UInt8]
  /// The path below the root.
  var path: [UInt8]
  var kind: Kind
  /// Where its header begins.
  var offset: UInt64
}

/// A header, with all that came before it for the same member.
struct TarMemberHeader {
  var header: TarHeader
  /// The records of extended headers, the global ones first.
  var records: PaxRecords
  var longName: [UInt8]?
  var longTarget: [UInt8]?

  /// The name as the archive has it.
  var name: [UInt8] {
    records.value("GNU.sparse.name") ?? records.value("path") ?? longName ?? header.name
  }

  /// The target of a link.
  var target: [UInt8] { records.value("linkpath") ?? longTarget ?? header.target }

  /// How many bytes of data follow the header.
  func dataLength() throws(ArchiveError.Reason) -> UInt64 {
    switch header.type {
    // The size of these says something else, or nothing.
    case UInt8(ascii: "2")...UInt8(ascii: "6"): return 0
    default: return try records.number("size") ?? header.size
    }
  }

  /// The type of its inode; `nil` for a hard link.
  func type() throws(ArchiveError.Reason) -> FileType? {
    switch header.type {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"):
      // Before POSIX, a slash at the end was all that told a directory.
      name.last == MemberPath.slash ? .directory : .regular
    case UInt8(ascii: "1"): nil
    case UInt8(ascii: "2"): .symbolicLink
    case UInt8(ascii: "3"): .characterDevice
    case UInt8(ascii: "4"): .blockDevice
    case UInt8(ascii: "5"): .directory
    case UInt8(ascii: "6"): .fifo
    default: throw .unsupportedType(header.type)
    }
  }

  /// What the inode is, but for its size.
  func inode(_ type: FileType) throws(ArchiveError.Reason) -> TreeInode {
    let attributes = try records.attributes(isDirectory: type == .directory)
    let list = attributes.first { $0.name == AccessControlList.accessName }
    let permissions = AccessControlList.permissions(header.permissions, with: list?.value)
    return TreeInode(
      type: type, permissions: permissions,
      user: try identifier("uid", header.user, .user),
      group: try identifier("gid", header.group, .group),
      modificationTime: try modificationTime(), specialDevice: try device(type),
      target: type == .symbolicLink ? try symbolicTarget() : [],
      attributes: attributes,
      flags: flags(type))
  }

  private func flags(_ type: FileType) -> InodeFlags {
    switch type {
    case .directory: records.flags
    case .regular: records.flags.subtracting(.synchronousDirectory)
    default: []
    }
  }

  private func identifier(
    _ key: String, _ number: UInt32, _ field: TarField
  ) throws(ArchiveError.Reason) -> UInt32 {
    guard let value = try records.number(key) else { return number }
    return try TarHeader.identifier(Int64(clamping: value), field)
  }

  private func modificationTime() throws(ArchiveError.Reason) -> FileTime {
    guard let text = records.value("mtime") else { return FileTime(seconds: header.seconds) }
    guard let time = TarNumber.time(text) else {
      throw .extendedValue(key: Array("mtime".utf8))
    }
    return time
  }

  private func device(_ type: FileType) throws(ArchiveError.Reason) -> UInt64 {
    guard type.isDevice else { return 0 }
    let major = try records.number("SCHILY.devmajor").map { Int64(clamping: $0) }
    let minor = try records.number("SCHILY.devminor").map { Int64(clamping: $0) }
    guard
      let device = TarNumber.device(
        major: major ?? header.deviceMajor, minor: minor ?? header.deviceMinor)
    else { throw .number(.deviceMajor) }
    return device
  }

  private func symbolicTarget() throws(ArchiveError.Reason) -> [UInt8] {
    if target.isEmpty { throw .emptyTarget }
    if target.contains(0) { throw .nulInName }
    if target.count >= PathLimit.path { throw .nameTooLong }
    return target
  }
}
