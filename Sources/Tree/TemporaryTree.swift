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

  /// Makes one, and removes those that processes of this user left behind that were killed.
  ///
  /// - Parameter path: the directory that it is made in.
  public init(in path: String = TemporaryTree.standardPlace) throws(SystemError) {
    let place = try Descriptor.open(path, [.readOnly, .directory])
    var name = ""
    directory = try Self.make(in: place, &name)
    self.name = name
    try? Self.sweep(place, like: directory.status())
    self.place = place
  }

  /// Makes a directory that is locked: so long it is in use.
  private static func make(
    in place: borrowing Descriptor, _ name: inout String
  ) throws(SystemError) -> Descriptor {
    name = namePrefix + RandomName.digits()
    try place.makeDirectory(name, permissions: 0o700)
    do throws(SystemError) {
      let made = try place.open(beneath: name, [.readOnly, .directory, .noFollow])
      // Where there are no locks, nobody sweeps either.
      _ = try? made.lock()
      return made
    } catch {
      try? place.removeDirectory(name)
      throw error
    }
  }

  private static let namePrefix = "btrfs-delta-tree-"

  /// What is younger, in seconds, may be about to be locked, or be in use on another machine.
  private static let leastAge: Int64 = 3600

  /// Removes what a user's processes have left: what nobody has locked, and was made some time before.
  private static func sweep(_ place: borrowing Descriptor, like mine: FileStatus)
    throws(SystemError)
  {
    for entry in try place.entries() where isName(entry.name) {
      guard let left = try? place.open(beneath: entry.name, [.readOnly, .directory, .noFollow]),
        let status = try? left.status(), status.user == mine.user,
        status.permissions == mine.permissions,
        mine.modificationTime.seconds - status.modificationTime.seconds > leastAge,
        (try? left.lock(waits: false)) == true
      else { continue }
      try? removeEntries(of: left)
      try? place.removeDirectory(entry.name)
    }
  }

  private static func isName(_ name: [UInt8]) -> Bool {
    let digits = name.dropFirst(namePrefix.utf8.count)
    return name.starts(with: namePrefix.utf8) && digits.count == 16
      && digits.allSatisfy { "0123456789abcdef".utf8.contains($0) }
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

  /// What is in a directory is moved up to the root before the directory is removed: so any depth takes two
  /// descriptors, and no path grows.
  private static func removeEntries(of directory: borrowing Descriptor) throws(SystemError) {
    var pending = try removeFiles(of: directory)
    let taken = Set(pending)
    var number = 0
    while let name = pending.popLast() {
      let opened = try directory.open(beneath: name, [.readOnly, .directory, .noFollow])
      for inner in try removeFiles(of: opened) {
        var unused: [UInt8]
        repeat {
          unused = Array(String(number).utf8)
          number += 1
        } while taken.contains(unused)
        try opened.rename(inner, to: unused, in: directory)
        pending.append(unused)
      }
      try directory.removeDirectory(name)
    }
  }

  /// Removes what is in a directory, but for the directories in it.
  ///
  /// - Returns: the names of these.
  private static func removeFiles(
    of directory: borrowing Descriptor
  ) throws(SystemError) -> [[UInt8]] {
    var inner: [[UInt8]] = []
    for entry in try directory.entries() {
      let type =
        if let known = entry.type { known } else { try directory.status(of: entry.name).type }
      if type == .directory {
        inner.append(entry.name)
      } else {
        try directory.unlink(entry.name)
      }
    }
    return inner
  }
}
