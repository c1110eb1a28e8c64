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
    try? removeEntries()
    try? place.removeDirectory(name)
  }

  /// However deep it is, only two descriptors are open at a time.
  private func removeEntries() throws(SystemError) {
    // Not empty yet, as far as is known; each comes before those that are in it.
    var pending: [[UInt8]] = [[]]
    while let path = pending.last {
      let inner = try removeFiles(of: path)
      guard inner.isEmpty else {
        pending += inner
        continue
      }
      pending.removeLast()
      if path.isEmpty { return }
      let end = path.lastIndex(of: 0x2F)
      let parent = try directory.open(
        beneath: Array(path[..<(end ?? 0)]), [.readOnly, .directory, .noFollow])
      try parent.removeDirectory(Array(path[(end.map { $0 + 1 } ?? 0)...]))
    }
  }

  /// Removes what is in a directory, but for the directories in it.
  ///
  /// - Returns: the paths of these.
  private func removeFiles(of path: [UInt8]) throws(SystemError) -> [[UInt8]] {
    let opened = try directory.open(beneath: path, [.readOnly, .directory, .noFollow])
    var inner: [[UInt8]] = []
    for entry in try opened.entries() {
      let type =
        if let known = entry.type { known } else { try opened.status(of: entry.name).type }
      if type == .directory {
        inner.append(path.isEmpty ? entry.name : path + [0x2F] + entry.name)
      } else {
        try opened.unlink(entry.name)
      }
    }
    return inner
  }
}
