extension Command {
  /// The command's number.
  public var kind: CommandKind {
    switch self {
    case .subvolume: .subvolume
    case .snapshot: .snapshot
    case .makeFile: .makeFile
    case .makeDirectory: .makeDirectory
    case .makeNode: .makeNode
    case .makeFIFO: .makeFIFO
    case .makeSocket: .makeSocket
    case .symlink: .symlink
    case .rename: .rename
    case .link: .link
    case .unlink: .unlink
    case .removeDirectory: .removeDirectory
    case .setXattr: .setXattr
    case .removeXattr: .removeXattr
    case .write: .write
    case .clone: .clone
    case .truncate: .truncate
    case .changeMode: .changeMode
    case .changeOwner: .changeOwner
    case .setTimes: .setTimes
    case .end: .end
    case .updateExtent: .updateExtent
    case .allocate: .allocate
    case .setFileAttributes: .setFileAttributes
    case .encodedWrite: .encodedWrite
    case .enableVerity: .enableVerity
    }
  }

  /// The path that the command names first; empty for END.
  public var firstPath: RawSpan {
    @_lifetime(copy self)
    get {
      switch self {
      case .subvolume(let path, _, _), .snapshot(let path, _, _, _, _), .makeFile(let path, _),
        .makeDirectory(let path, _), .makeNode(let path, _, _, _), .makeFIFO(let path, _, _, _),
        .makeSocket(let path, _, _, _), .symlink(let path, _, _), .rename(let path, _),
        .link(let path, _), .unlink(let path), .removeDirectory(let path),
        .setXattr(let path, _, _), .removeXattr(let path, _), .write(let path, _, _),
        .clone(let path, _, _, _, _, _, _), .truncate(let path, _), .changeMode(let path, _),
        .changeOwner(let path, _, _), .setTimes(let path, _, _, _, _),
        .updateExtent(let path, _, _), .allocate(let path, _, _, _),
        .setFileAttributes(let path, _), .encodedWrite(let path, _, _, _),
        .enableVerity(let path, _, _, _, _):
        return path
      case .end: return RawSpan()
      }
    }
  }
}
