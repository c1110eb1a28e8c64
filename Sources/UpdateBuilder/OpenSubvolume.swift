internal import Btrfs
internal import Bytes
internal import Linux

/// A tree that an update is built from or to: the open root of a read-only subvolume.
final class OpenSubvolume: Sendable {
  let path: String
  let root: Descriptor
  let info: SubvolumeInfo

  /// Opens a directory and checks that it is the root of a read-only subvolume on btrfs.
  init(_ path: String) throws(BuildError) {
    self.path = path
    root = try Self.open(path)
    info = try Self.info(of: root, path)
    guard info.isReadOnly else { throw .notReadOnly(path: path) }
  }

  private static func open(_ path: String) throws(BuildError) -> Descriptor {
    do throws(SystemError) { return try Descriptor.open(path, [.readOnly, .directory]) } catch {
      throw error.errno == .notDirectory ? .notSubvolume(path: path) : .system(error)
    }
  }

  private static func info(
    of root: borrowing Descriptor, _ path: String
  ) throws(BuildError) -> SubvolumeInfo {
    do throws(SystemError) {
      if try Subvolume.isSubvolume(root) { return try Subvolume.info(of: root) }
    } catch { throw .system(error) }
    throw .notSubvolume(path: path)
  }

  /// The root once more, for who wants to own it.
  func duplicateRoot() throws(BuildError) -> Descriptor {
    do throws(SystemError) { return try root.duplicate() } catch { throw .system(error) }
  }

  /// The last component of the path.
  var name: String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return parts.last.map(String.init) ?? ""
  }
}
