internal import Linux
internal import Tree

/// A regular file of a tree, open.
final class PlannedFile {
  private let descriptor: Descriptor

  init(_ inode: Int32, of tree: PlannedTree) throws(BuildError) {
    let entry = tree.catalog.entries[Int(tree.shape.firstEntries[Int(inode)])]
    do throws(SystemError) { descriptor = try tree.catalog.open(entry) } catch {
      throw .system(error)
    }
  }

  func bytes(at offset: UInt64, count: Int) throws(BuildError) -> [UInt8] {
    do throws(SystemError) { return try descriptor.bytes(at: offset, count: count) } catch {
      throw .system(error)
    }
  }

  var changed: BuildError {
    .system(SystemError(operation: "read", path: descriptor.path, errno: .stale))
  }
}
