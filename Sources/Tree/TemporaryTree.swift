internal import Glibc
public import Linux

/// A directory for nobody else, removed with all it holds when the value ends: the contents of a tree
/// that is no directory.
///
/// It may only hold regular files and directories that this user may enter.
public final class TemporaryTree: Sendable {
  /// The directory.
  public let directory: Descriptor
  private let place: Descriptor
  private let name: String

  /// Makes one.
  ///
  /// - Parameter path: the directory that it is made in.
  public init(in path: String = TemporaryTree.standardPlace) throws(SystemError) {
    let place = try Descriptor.open(path, [.readOnly, .directory])
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    let name = "btrfs-delta-tree-" + String(repeating: "0", count: 16 - digits.count) + digits
    try place.makeDirectory(name, permissions: 0o700)
    let directory: Descriptor
    do throws(SystemError) {
      directory = try place.open(beneath: name, [.readOnly, .directory, .noFollow])
    } catch {
      try? place.removeDirectory(name)
      throw error
    }
    self.place = place
    self.name = name
    self.directory = directory
  }

  /// Where large files are that are deleted at the end, and have no better place: `TMPDIR`, or
  /// `/var/tmp`.
  public static var standardPlace: String {
    guard let value = unsafe getenv("TMPDIR") else { return "/var/tmp" }
    let path = unsafe String(cString: value)
    return path.isEmpty ? "/var/tmp" : path
  }

  deinit {
    // What cannot be removed stays: nobody is left to be told.
    try? Self.removeEntries(of: directory)
    try? place.removeDirectory(name)
  }

  private static func removeEntries(of directory: borrowing Descriptor) throws(SystemError) {
    for entry in try directory.entries() {
      let type =
        if let known = entry.type { known } else { try directory.status(of: entry.name).type }
      guard type == .directory else {
        try directory.unlink(entry.name)
        continue
      }
      let inner = try directory.open(beneath: entry.name, [.readOnly, .directory, .noFollow])
      try removeEntries(of: inner)
      try directory.removeDirectory(entry.name)
    }
  }
}
