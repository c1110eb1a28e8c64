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
    case .setTimes(let path, _, _, _, _): setTimes([UInt8](copying: path))
    case .subvolume, .snapshot, .setXattr, .removeXattr, .write, .clone, .truncate, .changeMode,
      .changeOwner, .end, .allocate, .setFileAttributes, .updateExtent, .encodedWrite,
      .enableVerity:
      break
    }
  }
}
