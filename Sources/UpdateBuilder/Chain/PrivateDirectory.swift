internal import Linux

/// A directory that only its maker can look into, and that is removed at the end with all it holds.
final class PrivateDirectory: Sendable {
  private let above: Descriptor
  private let name: String

  /// The directory.
  let directory: Descriptor

  /// A new, empty directory in another one.
  init(in place: String, _ purpose: String) throws(SystemError) {
    let above = try Descriptor.open(place, .directory)
    let name = ".btrfs-delta-\(purpose)-\(TemporaryFile.randomSuffix())"
    try above.makeDirectory(name, permissions: 0o700)
    do throws(SystemError) {
      directory = try above.open(beneath: name, .directory)
    } catch {
      try? above.removeDirectory(name)
      throw error
    }
    self.above = above
    self.name = name
  }

  deinit {
    // Whatever made us give up is the error to tell.
    try? Self.empty(directory)
    try? above.removeDirectory(name)
  }

  /// Removes all that a directory of ours holds.
  private static func empty(_ directory: borrowing Descriptor) throws(SystemError) {
    for entry in try directory.entries() {
      guard entry.type == .directory else {
        try directory.unlink(entry.name)
        continue
      }
      try empty(try directory.open(beneath: entry.name, [.directory, .noFollow]))
      try directory.removeDirectory(entry.name)
    }
  }
}
