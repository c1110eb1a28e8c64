internal import CLinux
internal import Glibc

/// What a rename does where the new name exists.
public enum RenameMode: Sendable {
  /// It takes the name's place.
  case replacing
  /// It is `EEXIST` (`RENAME_NOREPLACE`).
  case notReplacing
  /// Both names change places, atomically (`RENAME_EXCHANGE`).
  case exchanging

  var flags: UInt32 {
    switch self {
    case .replacing: 0
    case .notReplacing: clinux_rename_noreplace
    case .exchanging: clinux_rename_exchange
    }
  }
}

// Names in this directory. Each is one component: empty names, `.`, `..`, slashes and NUL are
// refused with `EINVAL` (`ENOENT` for empty ones) before the kernel is asked, so that no call can
// leave the directory. No call follows a symbolic link.
extension Descriptor {
  /// The metadata of an entry (`fstatat` with `AT_SYMLINK_NOFOLLOW`).
  public func status(of name: some PathBytes & ~Escapable) throws(SystemError)
    -> FileStatus
  {
    try withCPath(name, .name, "fstatat", in: path) { (name) throws(SystemError) -> FileStatus in
      var status = stat()
      _ = try systemCall("fstatat", .reads, path: name.text) {
        unsafe fstatat(rawValue, name.pointer, &status, AT_SYMLINK_NOFOLLOW)
      }
      guard let known = FileStatus(status) else {
        throw SystemError(
          operation: "fstatat", path: name.text, errno: .invalidArgument)
      }
      return known
    }
  }

  /// Whether there is such an entry, of any kind.
  public func hasEntry(_ name: some PathBytes & ~Escapable) throws(SystemError) -> Bool {
    do throws(SystemError) {
      _ = try status(of: name)
      return true
    } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }

  /// Makes a directory (`mkdirat`); the process's umask applies.
  public func makeDirectory(
    _ name: some PathBytes & ~Escapable, permissions: UInt32 = 0o700
  ) throws(SystemError) {
    try change(name, "mkdirat") { unsafe mkdirat(rawValue, $0.pointer, permissions & 0o7777) }
  }

  /// Makes a FIFO, socket, device node or empty regular file (`mknodat`); the process's umask
  /// applies.
  ///
  /// - Parameter device: what a device node stands for, as `st_rdev` encodes it.
  public func makeNode(
    _ name: some PathBytes & ~Escapable, type: FileType, permissions: UInt32 = 0o600,
    device: UInt64 = 0
  ) throws(SystemError) {
    let mode = type.rawValue | (permissions & 0o7777)
    try change(name, "mknodat") { unsafe mknodat(rawValue, $0.pointer, mode, dev_t(device)) }
  }

  /// Makes a symbolic link that holds `target` (`symlinkat`).
  ///
  /// The target is not looked at; it only must be neither empty nor hold NUL.
  public func makeSymbolicLink(
    _ name: some PathBytes & ~Escapable,
    to target: some PathBytes & ~Escapable
  ) throws(SystemError) {
    try withCPath(target, .any, "symlinkat") { (target) throws(SystemError) in
      try change(name, "symlinkat") { unsafe symlinkat(target.pointer, rawValue, $0.pointer) }
    }
  }

  /// Gives an entry of `source` another name here (`linkat`).
  public func makeLink(
    _ name: some PathBytes & ~Escapable,
    to existing: some PathBytes & ~Escapable, in source: borrowing Descriptor
  ) throws(SystemError) {
    let from = source.rawValue
    try withCPath(existing, .name, "linkat", in: source.path) { (existing) throws(SystemError) in
      try change(name, "linkat") { unsafe linkat(from, existing.pointer, rawValue, $0.pointer, 0) }
    }
  }

  /// Gives an open file a name here, such as its first (`linkat` of `/proc/self/fd`).
  ///
  /// A file that has lost all its names cannot get one again; one that was opened with
  /// ``OpenFlags/unnamed`` can.
  public func makeLink(
    _ name: some PathBytes & ~Escapable, toFile file: borrowing Descriptor
  ) throws(SystemError) {
    let existing = file.procPath
    try change(name, "linkat") {
      unsafe linkat(AT_FDCWD, existing, rawValue, $0.pointer, AT_SYMLINK_FOLLOW)
    }
  }

  /// Removes an entry that is not a directory (`unlinkat`).
  public func unlink(_ name: some PathBytes & ~Escapable) throws(SystemError) {
    try change(name, "unlinkat") { unsafe unlinkat(rawValue, $0.pointer, 0) }
  }

  /// Removes an empty directory (`unlinkat` with `AT_REMOVEDIR`).
  public func removeDirectory(_ name: some PathBytes & ~Escapable) throws(SystemError) {
    try change(name, "unlinkat") { unsafe unlinkat(rawValue, $0.pointer, AT_REMOVEDIR) }
  }

  /// Renames an entry of this directory to an entry of `target`, atomically (`renameat2`).
  public func rename(
    _ name: some PathBytes & ~Escapable, to new: some PathBytes & ~Escapable,
    in target: borrowing Descriptor, _ mode: RenameMode = .replacing
  ) throws(SystemError) {
    let to = target.rawValue
    try withCPath(new, .name, "renameat2", in: target.path) { (new) throws(SystemError) in
      try change(name, "renameat2") {
        unsafe clinux_renameat2(rawValue, $0.pointer, to, new.pointer, mode.flags)
      }
    }
  }

  /// Renames an entry within this directory, atomically (`renameat2`).
  public func rename(
    _ name: some PathBytes & ~Escapable, to new: some PathBytes & ~Escapable,
    _ mode: RenameMode = .replacing
  ) throws(SystemError) {
    try rename(name, to: new, in: self, mode)
  }

  /// What a symbolic link holds (`readlinkat`).
  public func symbolicLinkTarget(
    of name: some PathBytes & ~Escapable
  ) throws(SystemError) -> [UInt8] {
    try withCPath(name, .name, "readlinkat", in: path) { (name) throws(SystemError) -> [UInt8] in
      try readLink(name)
    }
  }

  /// What the symbolic link holds that this descriptor names (`readlinkat` with an empty path).
  public func symbolicLinkTarget() throws(SystemError) -> [UInt8] {
    let empty: [UInt8] = [0]
    return try unsafe empty.withUnsafeBufferPointer { (buffer) throws(SystemError) -> [UInt8] in
      guard let start = buffer.baseAddress else { return [] }
      return try readLink(unsafe CPath(pointer: start, directory: path))
    }
  }

  private func readLink(_ name: CPath) throws(SystemError) -> [UInt8] {
    let fd = rawValue
    let target = try [UInt8].reading(capacity: PathLimit.path) { (out) throws(SystemError) in
      try unsafe out.appendBytes { (start, room) throws(SystemError) -> Int in
        try systemCall("readlinkat", .reads, path: name.text) {
          unsafe readlinkat(
            fd, name.pointer, start.assumingMemoryBound(to: CChar.self), room)
        }
      }
    }
    // A full buffer may hold only the beginning.
    if target.count >= PathLimit.path {
      throw SystemError(operation: "readlinkat", path: name.text, errno: .nameTooLong)
    }
    return target
  }

  /// Sets owner and group of an entry (`fchownat` with `AT_SYMLINK_NOFOLLOW`).
  public func setOwner(
    of name: some PathBytes & ~Escapable, user: UInt32, group: UInt32
  ) throws(SystemError) {
    try change(name, "fchownat") {
      unsafe fchownat(rawValue, $0.pointer, user, group, AT_SYMLINK_NOFOLLOW)
    }
  }

  /// Sets times of an entry; `nil` leaves one as it is (`utimensat` with `AT_SYMLINK_NOFOLLOW`).
  public func setTimes(
    of name: some PathBytes & ~Escapable, access: FileTime? = nil,
    modification: FileTime? = nil
  ) throws(SystemError) {
    let omitted = timespec(tv_sec: 0, tv_nsec: Int(clinux_utime_omit))
    let times = [access?.timespec ?? omitted, modification?.timespec ?? omitted]
    try change(name, "utimensat") {
      unsafe utimensat(rawValue, $0.pointer, times, AT_SYMLINK_NOFOLLOW)
    }
  }

  private func change(
    _ name: some PathBytes & ~Escapable, _ operation: StaticString,
    _ call: (CPath) -> CInt
  ) throws(SystemError) {
    try withCPath(name, .name, operation, in: path) { (name) throws(SystemError) in
      _ = try systemCall(operation, .changes, path: name.text) {
        call(name)
      }
    }
  }
}
