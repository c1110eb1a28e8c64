internal import Bytes
internal import CLinux
internal import Glibc

/// An entry of a directory.
public struct DirectoryEntry: Hashable, Sendable {
  /// Its name.
  public var name: [UInt8]
  /// The kind of inode; `nil` where the file system does not say.
  public var type: FileType?
  /// The inode's number; for a mount point, the one below the mount.
  public var inode: UInt64

  /// An entry.
  public init(name: [UInt8], type: FileType?, inode: UInt64) {
    self.name = name
    self.type = type
    self.inode = inode
  }
}

extension Descriptor {
  /// The entries of this directory but `.` and `..`, from the first on, in the file system's order
  /// (`getdents64`).
  ///
  /// Not for ``OpenFlags/path`` descriptors. Two lists of one open directory at the same time share
  /// its position: use one after the other.
  public func entries() throws(SystemError) -> [DirectoryEntry] {
    var all: [DirectoryEntry] = []
    try forEachEntry {
      all.append($0)
      return true
    }
    return all
  }

  /// The same one by one, without holding the list: a directory may have more names than there is
  /// memory for.
  ///
  /// - Parameter body: gets each entry, and says whether to go on.
  public func forEachEntry(_ body: (DirectoryEntry) -> Bool) throws(SystemError) {
    try seek(to: 0)
    let fd = rawValue
    while true {
      let records = try [UInt8].reading(capacity: 32768) { (out) throws(SystemError) in
        try unsafe out.appendBytes { (start, room) throws(SystemError) -> Int in
          try systemCall("getdents64", .reads, path: path) {
            unsafe clinux_getdents64(fd, start, room)
          }
        }
      }
      if records.isEmpty { return }
      var some: [DirectoryEntry] = []
      guard appendEntries(in: records.rawSpan, to: &some) else {
        throw SystemError(operation: "getdents64", path: path, errno: .inputOutput)
      }
      for entry in some where !body(entry) { return }
    }
  }

  /// Reads `struct linux_dirent64` records: inode, position, record length, type, name, NUL.
  ///
  /// - Returns: whether they make sense.
  private func appendEntries(in records: RawSpan, to all: inout [DirectoryEntry]) -> Bool {
    var cursor = ByteCursor(records)
    while !cursor.isAtEnd {
      guard let inode = cursor.read(UInt64.self), cursor.read(UInt64.self) != nil,
        let length = cursor.read(UInt16.self), let type = cursor.read(UInt8.self),
        let rest = cursor.take(Int(length) - 19)
      else { return false }
      var count = 0
      while count < rest.byteCount, rest[count] != 0 { count += 1 }
      let name = [UInt8](copying: rest.extracting(0..<count))
      if name == Array(".".utf8) || name == Array("..".utf8) { continue }
      // d_type is the file type's four bits of st_mode.
      let known = FileType(rawValue: UInt32(type) << 12)
      all.append(DirectoryEntry(name: name, type: known, inode: inode))
    }
    return true
  }
}
