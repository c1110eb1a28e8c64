internal import CLinux
internal import Glibc

extension Descriptor {
  /// Opens a path as the system resolves it, following symbolic links (`open`).
  ///
  /// For paths that the user names. Paths that come out of a file go through
  /// ``open(beneath:_:permissions:device:)``.
  ///
  /// - Parameter permissions: of a file that is created, before the process's umask.
  public static func open(
    _ path: some PathBytes & ~Escapable, _ flags: OpenFlags = .readOnly,
    permissions: UInt32 = 0o600
  ) throws(SystemError) -> Descriptor {
    try withCPath(path, .any, "open") { (path) throws(SystemError) -> Descriptor in
      let text = path.text
      let opened = try systemCall("open", flags.effect, path: text) {
        unsafe clinux_open(path.pointer, flags.rawValue | O_CLOEXEC, permissions)
      }
      return Descriptor(adopting: opened, path: text, isPathOnly: flags.contains(.path))
    }
  }

  /// Opens a path below this directory, confined to it (`openat2` with `RESOLVE_BENEATH`,
  /// `RESOLVE_NO_SYMLINKS`, `RESOLVE_NO_MAGICLINKS` and `RESOLVE_NO_XDEV`).
  ///
  /// No symbolic link is followed anywhere in the path, no mount point is crossed, and `.`, `..`,
  /// doubled, leading and trailing slashes and NUL are refused with `EINVAL` before the kernel is
  /// asked. The empty path is the directory itself. A symbolic link as the last component can
  /// be opened with ``OpenFlags/path`` and ``OpenFlags/noFollow``; otherwise it is `ELOOP`.
  ///
  /// - Parameters:
  ///   - permissions: of a file that is created, before the process's umask.
  ///   - device: if given, what is opened must be on this device, else `EXDEV`: the kernel's
  ///     `RESOLVE_NO_XDEV` stops at mounts, but not at the border of a nested subvolume. (To create
  ///     a file confined, open its directory like that first: this check comes after creating.)
  public func open(
    beneath path: some PathBytes & ~Escapable, _ flags: OpenFlags = .readOnly,
    permissions: UInt32 = 0o600, device: UInt64? = nil
  ) throws(SystemError) -> Descriptor {
    let opened = try withCPath(path, .beneath, "openat2", in: self.path) {
      (path) throws(SystemError) -> Descriptor in
      // openat2 refuses a mode where nothing is created.
      let mode = flags.contains(.create) ? UInt64(permissions & 0o7777) : 0
      let bits = UInt64(UInt32(bitPattern: flags.rawValue | O_CLOEXEC))
      let opened = try systemCall("openat2", flags.effect, path: path.text) {
        unsafe clinux_openat2(rawValue, path.pointer, bits, mode, clinux_resolve_confined)
      }
      return Descriptor(
        adopting: opened, path: path.text, isPathOnly: flags.contains(.path))
    }
    if let device {
      let found = try opened.status().device
      if found != device {
        throw SystemError(operation: "openat2", path: opened.path, errno: .crossDevice)
      }
    }
    return opened
  }

  /// Opens the same inode anew, whatever its name leads to by now (`open` of `/proc/self/fd`).
  ///
  /// This is how a file that was only named (``OpenFlags/path``), and found to be one that may be
  /// opened, is opened.
  public func reopened(_ flags: OpenFlags) throws(SystemError) -> Descriptor {
    let opened = try systemCall("open", flags.effect, path: path) {
      unsafe clinux_open(procPath, flags.rawValue | O_CLOEXEC, 0)
    }
    return Descriptor(adopting: opened, path: path, isPathOnly: flags.contains(.path))
  }
}
