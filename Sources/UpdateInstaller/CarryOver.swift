internal import Btrfs
internal import Bytes
internal import Linux

/// Copies parts of one system into another one.
///
/// No symbolic link is followed and no border of a subvolume or mount is crossed, on either side. A
/// file takes the place of whatever has its name; a directory is merged with a directory, where what
/// the old one does not have stays. Files share their data with the old ones.
struct CarryOver: ~Copyable {
  /// A snapshot that nobody writes to.
  private let old: Descriptor
  private let oldDevice: UInt64
  /// What the snapshot is of: here subvolumes inside have their contents.
  private let live: Descriptor
  private let new: Descriptor
  private let newDevice: UInt64
  /// What has several names, by its inode's number in the old system: one of those that it has in
  /// the new one.
  private var links: [UInt64: [UInt8]] = [:]
  /// The paths of subvolumes inside the old system that hold something.
  private(set) var leftOut: [[UInt8]] = []
  /// What is to be done, the next one last.
  private var work: [Step] = []

  private enum Step {
    /// Copies what a directory holds.
    case enter([UInt8])
    /// Gives a directory what belongs to it, now that its entries are made.
    case leave([UInt8])
  }

  init(
    from old: borrowing Descriptor, live: borrowing Descriptor, to new: borrowing Descriptor
  ) throws(SystemError) {
    let (oldDevice, newDevice) = (try old.status().device, try new.status().device)
    let oldCopy = try old.duplicate()
    let liveCopy = try live.duplicate()
    self.new = try new.duplicate()
    self.old = oldCopy
    self.live = liveCopy
    (self.oldDevice, self.newDevice) = (oldDevice, newDevice)
  }

  /// Copies what is under a path; does nothing if there is nothing.
  mutating func carry(_ path: [UInt8]) throws(SystemError) {
    let (parent, name) = path.splitLast()
    guard try isInOld(path) else { return }
    work = []
    try makeParents(of: path)
    try copy(name, in: parent)
    while let step = work.popLast() {
      switch step {
      case .enter(let directory):
        let entries = try openOld(directory).entries()
        for entry in entries { try copy(entry.name, in: directory) }
      case .leave(let directory):
        try InodeCopy.copyMetadata(from: openOld(directory), to: openNew(directory))
      }
    }
  }

  private func openOld(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    try old.open(beneath: path, [.readOnly, .directory, .noFollow], device: oldDevice)
  }

  private func openNew(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    try new.open(beneath: path, [.readOnly, .directory, .noFollow], device: newDevice)
  }

  private mutating func isInOld(_ path: [UInt8]) throws(SystemError) -> Bool {
    do throws(SystemError) {
      _ = try old.open(beneath: path, [.path, .noFollow])
      return true
    } catch {
      guard [.noSuchFile, .notDirectory].contains(error.errno) else { throw error }
      // It may be inside a subvolume of its own, of which the snapshot has nothing.
      if try isInLive(path) { leftOut.append(path) }
      return false
    }
  }

  private func isInLive(_ path: [UInt8]) throws(SystemError) -> Bool {
    do throws(SystemError) {
      let found = try live.open(beneath: path, [.path, .noFollow])
      let (own, device) = (try live.status().device, try found.status().device)
      return own != device
    } catch {
      if [.noSuchFile, .notDirectory, .crossDevice].contains(error.errno) { return false }
      throw error
    }
  }

  /// Makes the directories above a path that the new system does not have.
  private mutating func makeParents(of path: [UInt8]) throws(SystemError) {
    for end in path.indices where path[end] == UInt8(ascii: "/") {
      let directory = Array(path[..<end])
      let (parent, name) = directory.splitLast()
      let opened = try openNew(parent)
      guard try !opened.hasEntry(name) else { continue }
      try opened.makeDirectory(name)
      work.append(.leave(directory))
    }
  }

  /// Copies an entry of a directory; of a directory, what it holds comes later.
  private mutating func copy(_ name: [UInt8], in directory: [UInt8]) throws(SystemError) {
    let from = try openOld(directory).named(name)
    let to = try openNew(directory)
    let status = try from.status()
    let path = directory.isEmpty ? name : directory + [UInt8(ascii: "/")] + name
    if status.type == .directory {
      guard status.inode != Subvolume.placeholderInode, status.device == oldDevice else {
        return try leaveOut(path)
      }
      try makeDirectory(name, in: to)
      work += [.leave(path), .enter(path)]
      return
    }
    guard status.type != .socket else { return }
    try removeWhatIs(path, name, in: to)
    if status.linkCount > 1 {
      if let other = links[status.inode] {
        let (parent, existing) = other.splitLast()
        return try to.makeLink(name, to: existing, in: openNew(parent))
      }
      links[status.inode] = path
    }
    try InodeCopy.make(name, in: to, from: from, status)
  }

  private mutating func leaveOut(_ path: [UInt8]) throws(SystemError) {
    do throws(SystemError) {
      let found = try live.open(beneath: path, [.readOnly, .directory, .noFollow])
      // Empty ones are made by systemd in every system that it boots.
      if try Subvolume.isSubvolume(found), try !found.entries().isEmpty { leftOut.append(path) }
    } catch {
      switch error.errno {
      // Gone meanwhile.
      case .noSuchFile, .notDirectory: break
      case .crossDevice: leftOut.append(path)
      default: throw error
      }
    }
  }

  private func makeDirectory(
    _ name: [UInt8], in directory: borrowing Descriptor
  ) throws(SystemError) {
    guard try directory.hasEntry(name) else { return try directory.makeDirectory(name) }
    if try directory.status(of: name).type == .directory { return }
    try directory.unlink(name)
    try directory.makeDirectory(name)
  }

  /// Removes what the new system has under a path, with all that is in it.
  private func removeWhatIs(
    _ path: [UInt8], _ name: [UInt8], in directory: borrowing Descriptor
  ) throws(SystemError) {
    guard try directory.hasEntry(name) else { return }
    guard try directory.status(of: name).type == .directory else {
      return try directory.unlink(name)
    }
    // Deeper ones come later in the list, and go first.
    var directories = [path]
    var next = 0
    while next < directories.count {
      let current = directories[next]
      let opened = try openNew(current)
      for entry in try opened.entries() {
        if try opened.status(of: entry.name).type == .directory {
          directories.append(current + [UInt8(ascii: "/")] + entry.name)
        } else {
          try opened.unlink(entry.name)
        }
      }
      next += 1
    }
    for path in directories.reversed() {
      let (parent, name) = path.splitLast()
      try openNew(parent).removeDirectory(name)
    }
  }
}

extension [UInt8] {
  /// What is before the last slash, and what is behind it.
  fileprivate func splitLast() -> (directory: [UInt8], name: [UInt8]) {
    guard let slash = lastIndex(of: UInt8(ascii: "/")) else { return ([], self) }
    return (Array(self[..<slash]), Array(self[(slash + 1)...]))
  }
}

extension Descriptor {
  /// An entry, named but not opened, whatever it is.
  fileprivate func named(_ name: [UInt8]) throws(SystemError) -> Descriptor {
    try open(beneath: name, [.path, .noFollow])
  }
}
