internal import Bytes
internal import CLinux
internal import Glibc

/// What setting an extended attribute does where it exists, or does not.
public enum AttributeMode: Sendable {
  /// It is made or replaced.
  case any
  /// It must not exist: else `EEXIST` (`XATTR_CREATE`).
  case creating
  /// It must exist: else `ENODATA` (`XATTR_REPLACE`).
  case replacing

  var flags: CInt {
    switch self {
    case .any: 0
    case .creating: 1
    case .replacing: 2
    }
  }
}

// On a descriptor that only names a file, the calls go through /proc/self/fd, which reaches the
// inode itself, a symbolic link's too.
extension Descriptor {
  /// The names of the inode's extended attributes that this process may see, in the file system's
  /// order (`flistxattr`).
  public func attributeNames() throws(SystemError) -> [[UInt8]] {
    let list = unsafe try readAttribute(isPathOnly ? "listxattr" : "flistxattr") { buffer, size in
      if isPathOnly { return unsafe listxattr(procPath, buffer, size) }
      return unsafe flistxattr(rawValue, buffer, size)
    }
    return list.split(separator: 0).map { [UInt8]($0) }
  }

  /// The value of an extended attribute; `nil` if there is none of that name (`fgetxattr`).
  public func attribute(
    _ name: some PathBytes & ~Escapable
  ) throws(SystemError) -> [UInt8]? {
    try withCPath(name, .any, "fgetxattr", in: path) { (name) throws(SystemError) -> [UInt8]? in
      let name = unsafe name.characters
      do throws(SystemError) {
        return unsafe try readAttribute(isPathOnly ? "getxattr" : "fgetxattr") { buffer, size in
          if isPathOnly { return unsafe getxattr(procPath, name, buffer, size) }
          return unsafe fgetxattr(rawValue, name, buffer, size)
        }
      } catch {
        if error.errno == .noData { return nil }
        throw error
      }
    }
  }

  /// Sets an extended attribute (`fsetxattr`).
  public func setAttribute(
    _ name: some PathBytes & ~Escapable, to value: RawSpan, _ mode: AttributeMode = .any
  ) throws(SystemError) {
    try withCPath(name, .any, "fsetxattr", in: path) { (name) throws(SystemError) in
      let name = unsafe name.characters
      try unsafe value.withUnsafeBytes { (buffer) throws(SystemError) in
        let (start, size) = (buffer.baseAddress, buffer.count)
        _ = try systemCall(isPathOnly ? "setxattr" : "fsetxattr", .changes, path: path) {
          if isPathOnly { return unsafe setxattr(procPath, name, start, size, mode.flags) }
          return unsafe fsetxattr(rawValue, name, start, size, mode.flags)
        }
      }
    }
  }

  /// Removes an extended attribute; `ENODATA` if there is none of that name (`fremovexattr`).
  public func removeAttribute(_ name: some PathBytes & ~Escapable) throws(SystemError) {
    try withCPath(name, .any, "fremovexattr", in: path) { (name) throws(SystemError) in
      let name = unsafe name.characters
      _ = try systemCall(isPathOnly ? "removexattr" : "fremovexattr", .changes, path: path) {
        if isPathOnly { return unsafe removexattr(procPath, name) }
        return unsafe fremovexattr(rawValue, name)
      }
    }
  }

  /// Reads what may be up to 64 KiB long, which is `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
  private func readAttribute(
    _ operation: StaticString, _ call: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws(SystemError) -> [UInt8] {
    // Nearly all are empty or short: one call with some room does for them.
    for capacity in [256, 65536] {
      do throws(SystemError) {
        return try [UInt8].reading(capacity: capacity) { (out) throws(SystemError) in
          try unsafe out.appendBytes { (start, room) throws(SystemError) -> Int in
            try systemCall(operation, .reads, path: path) {
              unsafe call(start.assumingMemoryBound(to: CChar.self), room)
            }
          }
        }
      } catch {
        if error.errno != .range { throw error }
      }
    }
    throw SystemError(operation: operation.description, path: path, errno: .range)
  }
}
