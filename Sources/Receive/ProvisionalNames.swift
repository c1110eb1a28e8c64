internal import Bytes
internal import Linux
internal import SendStream

/// The names in a subvolume's root that look like those which the kernel's sender makes inodes under,
/// so that the kernel need not be asked for each whether it is free.
///
/// There are hardly ever any. It may hold one that is gone; a name that it does not hold is free.
struct ProvisionalNames {
  /// How many are held at most; a root with more is asked every time.
  static let maximumCount = 1024

  private enum State {
    /// Nobody has looked yet.
    case unread
    case known(Set<[UInt8]>)
    case tooMany
  }

  private var state = State.unread

  /// Whether a name of a root is taken.
  mutating func contains(
    _ name: [UInt8], in root: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    if case .unread = state { try read(root) }
    if case .known(let names) = state, !names.contains(name) { return false }
    return try root.hasEntry(name)
  }

  private mutating func read(_ root: borrowing Descriptor) throws(SystemError) {
    var found: Set<[UInt8]> = []
    try root.forEachEntry { entry in
      if NewInode.isProvisional(entry.name.rawSpan) { found.insert(entry.name) }
      return found.count <= Self.maximumCount
    }
    state = found.count <= Self.maximumCount ? .known(found) : .tooMany
  }

  /// A name comes to be.
  mutating func insert(_ path: RawSpan) {
    guard case .known(var names) = state, NewInode.isProvisional(path) else { return }
    names.insert([UInt8](copying: path))
    state = names.count <= Self.maximumCount ? .known(names) : .tooMany
  }

  /// A name is gone.
  mutating func remove(_ path: RawSpan) {
    guard case .known(var names) = state, !names.isEmpty, NewInode.isProvisional(path) else {
      return
    }
    names.remove([UInt8](copying: path))
    state = .known(names)
  }
}
