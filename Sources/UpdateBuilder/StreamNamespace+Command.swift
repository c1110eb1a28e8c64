internal import Bytes
internal import SendStream

extension StreamNamespace {
  /// Follows what a command does to names.
  func follow(_ command: borrowing Command) {
    switch copy command {
    case .makeFile(let path, _), .makeDirectory(let path, _), .makeNode(let path, _, _, _),
      .makeFIFO(let path, _, _, _), .makeSocket(let path, _, _, _), .symlink(let path, _, _):
      create([UInt8](copying: path))
    case .rename(let path, let to): rename([UInt8](copying: path), to: [UInt8](copying: to))
    case .link(let path, let existing):
      link([UInt8](copying: path), to: [UInt8](copying: existing))
    case .unlink(let path), .removeDirectory(let path): remove([UInt8](copying: path))
    case .truncate(let path, let size): truncate([UInt8](copying: path), to: size)
    case .allocate(let path, _, let offset, let size):
      change([UInt8](copying: path), upTo: offset.addingReportingOverflow(size).partialValue)
    case .clone(let path, let offset, let length, _, _, _, _):
      change([UInt8](copying: path), upTo: offset.addingReportingOverflow(length).partialValue)
    case .setTimes(let path, _, _, _, _): setTimes([UInt8](copying: path))
    case .subvolume, .snapshot, .setXattr, .removeXattr, .write, .changeMode,
      .changeOwner, .end, .setFileAttributes, .updateExtent, .encodedWrite,
      .enableVerity:
      break
    }
  }

  private func truncate(_ path: [UInt8], to size: UInt64) {
    let node = node(at: path)
    guard let known = node.writtenEnd else { return }
    if size < known { node.isChangedOtherwise = true }
    node.writtenEnd = Swift.max(known, size)
  }

  private func change(_ path: [UInt8], upTo end: UInt64) {
    let node = node(at: path)
    node.isChangedOtherwise = true
    if let known = node.writtenEnd { node.writtenEnd = Swift.max(known, end) }
  }
}
