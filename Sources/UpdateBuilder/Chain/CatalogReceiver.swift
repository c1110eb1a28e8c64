internal import Bytes
internal import Linux
internal import SendStream
internal import Tree

/// Carries out the commands of a plain stream on a catalog: without btrfs, without root, and without
/// changing the tree that it starts from.
///
/// Names and metadata change in memory; contents are in a ``ContentStore``. What comes out is what
/// receiving the stream gives, as far as tree digests go:
///
/// - Paths are looked up in memory only, and no symbolic link is followed.
/// - New inodes are root's, files with permissions 0600 and directories with 0700, and inherit nothing
///   but a set-group-ID directory's group, and that they are not copied on write.
/// - Changing a file's data takes its capabilities away. Changing its owner takes set-user-ID and
///   set-group-ID away, and leaves capabilities.
/// - Times are those that UTIMES sets: the kernel's own clock is in no stream.
/// - Attributes in `trusted.`, change and creation times are in no catalog, and pass.
final class CatalogReceiver {
  enum State { case new, receiving, ended, failed }

  var names: NameTable
  let store: ContentStore
  var state = State.new
  /// Whether there is a parent.
  private let hasParent: Bool
  /// The UUIDs that SUBVOL or SNAPSHOT named.
  private(set) var uuid = SubvolumeUUID.none
  private(set) var parentUUID = SubvolumeUUID.none

  /// A receiver that starts from a parent, or from nothing.
  init(parent: TreeCatalog?, store: ContentStore) {
    names = NameTable(parent)
    hasParent = parent != nil
    self.store = store
  }

  /// Carries out the next command.
  ///
  /// - Parameter offset: where it is in the plain stream.
  /// - Throws: ``CatalogReceiveError``; the receiver is of no use afterwards.
  func carryOut(
    _ frame: borrowing Frame, at offset: UInt64
  ) throws(CatalogReceiveError) {
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw failure(frame.kind, offset, [], .stream(error))
    }
    do throws(CatalogReceiveError.Reason) { try perform(command) } catch {
      throw failure(frame.kind, offset, [UInt8](copying: command.firstPath), error)
    }
  }

  private func failure(
    _ kind: CommandKind, _ offset: UInt64, _ path: [UInt8], _ reason: CatalogReceiveError.Reason
  ) -> CatalogReceiveError {
    state = .failed
    return CatalogReceiveError(command: kind, offset: offset, path: path, reason: reason)
  }

  private func perform(_ command: borrowing Command) throws(CatalogReceiveError.Reason) {
    switch copy command {
    case .subvolume(let path, let uuid, _):
      return try begin(path, uuid, parent: nil)
    case .snapshot(let path, let uuid, _, let parent, _):
      return try begin(path, uuid, parent: parent)
    default: break
    }
    guard state == .receiving else { throw .outOfOrder }
    switch copy command {
    case .write(let path, let offset, let data): try write(path, offset, data)
    case .clone(let path, let offset, let length, let uuid, _, let source, let sourceOffset):
      try clone(path, offset, length, from: uuid, source, sourceOffset)
    case .truncate(let path, let size): try truncate(path, to: size)
    case .allocate(let path, let mode, let offset, let size):
      try allocate(path, mode, offset, size)
    case .setXattr(let path, let name, let value): try setAttribute(path, name, value)
    case .removeXattr(let path, let name): try removeAttribute(path, name)
    case .changeMode(let path, let mode): try changeMode(path, mode)
    case .changeOwner(let path, let uid, let gid): try changeOwner(path, uid, gid)
    case .setTimes(let path, let access, let modification, _, _):
      try setTimes(path, access, modification)
    case .setFileAttributes(let path, let flags):
      try setFlags(path, SentInodeFlags(rawValue: flags))
    case .end: state = .ended
    default: try changeNames(command)
    }
  }

  private func changeNames(
    _ command: borrowing Command
  ) throws(CatalogReceiveError.Reason) {
    switch copy command {
    case .makeFile(let path, _): try names.create(path, .regular, permissions: 0o600)
    case .makeDirectory(let path, _): try names.create(path, .directory, permissions: 0o700)
    case .makeNode(let path, _, let device, let mode): try makeNode(path, device, mode)
    case .makeFIFO(let path, _, _, _): try names.create(path, .fifo, permissions: 0o600)
    case .makeSocket(let path, _, _, _): try names.create(path, .socket, permissions: 0o600)
    case .symlink(let path, _, let target): try makeSymbolicLink(path, to: target)
    case .rename(let path, let new): try forget(names.rename(path, to: new))
    case .link(let path, let existing): try names.link(path, to: existing)
    case .unlink(let path): try forget(names.unlink(path))
    case .removeDirectory(let path): try names.removeDirectory(path)
    default: throw .unsupported
    }
  }

  private func begin(
    _ path: RawSpan, _ uuid: SubvolumeUUID, parent: SubvolumeUUID?
  ) throws(CatalogReceiveError.Reason) {
    guard state == .new, hasParent == (parent != nil) else { throw .outOfOrder }
    guard StreamPath.isBeneathRoot(path) else { throw .badPath([UInt8](copying: path)) }
    (self.uuid, parentUUID) = (uuid, parent ?? .none)
    state = .receiving
  }

  private func makeNode(
    _ path: RawSpan, _ device: UInt64, _ mode: UInt64
  ) throws(CatalogReceiveError.Reason) {
    guard let type = FileType(ofNode: mode) else { throw .badValue(.mode, mode) }
    // new_encode_dev has 12 bits of major and 20 of minor number, laid out as in dev_t.
    guard device <= UInt64(UInt32.max) else { throw .badValue(.device, device) }
    try names.create(path, type, permissions: 0o600, specialDevice: type.isDevice ? device : 0)
  }

  private func makeSymbolicLink(
    _ path: RawSpan, to target: RawSpan
  ) throws(CatalogReceiveError.Reason) {
    guard StreamPath.isLinkTarget(target) else { throw .badLinkTarget }
    try names.create(
      path, .symbolicLink, permissions: 0o777, target: [UInt8](copying: target))
  }

  /// Removes the contents of a file that has no name any more.
  func forget(_ contents: NameTable.Contents) throws(CatalogReceiveError.Reason) {
    try system { () throws(SystemError) in try store.remove(contents) }
  }

  /// Runs what makes system calls; its error becomes a reason.
  func system<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(CatalogReceiveError.Reason) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}
