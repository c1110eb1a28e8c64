internal import Btrfs
internal import Linux

extension LockedDevice {
  /// Deletes the subvolumes inside one, if all of them are empty; else none.
  ///
  /// - Returns: whether there is none left.
  func deleteEmptySubvolumes(inside name: String) throws(SystemError) -> Bool {
    let root = try directory.open(beneath: name, [.readOnly, .directory, .noFollow])
    let device = try root.status().device
    var nested: [NestedSubvolume] = []
    // Paths, not descriptors: a tree can be deeper than a process may have files open.
    var directories: [[UInt8]] = [[]]
    while let path = directories.popLast() {
      let parent = try root.open(beneath: path, [.readOnly, .directory, .noFollow], device: device)
      for entry in try parent.entries() where entry.type == .directory || entry.type == nil {
        let child = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
        guard try parent.status(of: entry.name).type == .directory else { continue }
        guard try parent.status(of: entry.name).device != device else {
          directories.append(child)
          continue
        }
        guard try isEmptySubvolume(entry.name, in: parent) else { return false }
        nested.append(NestedSubvolume(directory: path, name: entry.name))
      }
    }
    for subvolume in nested {
      let parent = try root.open(beneath: subvolume.directory, [.readOnly, .directory, .noFollow])
      try Subvolume.delete(subvolume.name, in: parent)
    }
    return true
  }

  private struct NestedSubvolume {
    var directory: [UInt8]
    var name: [UInt8]
  }

  /// False for a mount point, too.
  private func isEmptySubvolume(
    _ name: [UInt8], in parent: borrowing Descriptor
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      let opened = try parent.open(beneath: name, [.readOnly, .directory, .noFollow])
      guard try Subvolume.isSubvolume(opened) else { return false }
      return try opened.entries().isEmpty
    } catch {
      if error.errno == .crossDevice { return false }
      throw error
    }
  }
}
