internal import Btrfs
internal import Bytes
internal import Linux

/// A tree that an update is built from or to: the open root of a read-only subvolume.
struct OpenSubvolume: ~Copyable {
  let path: String
  let root: Descriptor
  let info: SubvolumeInfo

  /// Opens a directory and checks that it is the root of a read-only subvolume on btrfs.
  init(_ path: String) throws(BuildError) {
    self.path = path
    let isSubvolume: Bool
    do throws(SystemError) {
      root = try Descriptor.open(path, [.readOnly, .directory])
      isSubvolume = try Subvolume.isSubvolume(root)
      info = try Subvolume.info(of: root)
    } catch {
      if error.errno == .notDirectory || error.errno == .noSuchControl {
        throw .notSubvolume(path: path)
      }
      throw .system(error)
    }
    guard isSubvolume else { throw .notSubvolume(path: path) }
    guard info.isReadOnly else { throw .notReadOnly(path: path) }
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
