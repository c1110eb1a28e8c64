extension Command {
  /// Looks into a framed command.
  ///
  /// Attributes may come in any order.
  ///
  /// - Throws: ``StreamError`` for an unknown command and for attributes that are cut, unknown,
  ///   twice there, missing, or of a wrong length. What a later version brought is unknown, too,
  ///   unless the reader lets that pass: ``StreamReader/allowsNewerCommands``.
  /// - Complexity: O(*a*²) in the number of attributes, of which no command has more than 35.
  @_lifetime(copy frame)
  public init(parsing frame: borrowing Frame) throws(StreamError) {
    guard frame.kind.isExtension || frame.kind.rawValue <= frame.accepted.lastCommand else {
      throw .unknownCommand(frame.kind, offset: frame.offset)
    }
    let table = try AttributeTable(frame)
    switch frame.kind {
    case .subvolume, .snapshot: self = try Self.subvolumeStart(table, frame.kind)
    case .makeFile, .makeDirectory, .makeNode, .makeFIFO, .makeSocket, .symlink:
      self = try Self.creation(table, frame.kind)
    case .rename, .link, .unlink, .removeDirectory: self = try Self.naming(table, frame.kind)
    case .write, .clone, .truncate, .updateExtent, .allocate, .encodedWrite:
      self = try Self.contents(table, frame.kind)
    case .setXattr, .removeXattr, .changeMode, .changeOwner, .setTimes, .setFileAttributes,
      .enableVerity:
      self = try Self.metadata(table, frame.kind)
    case .end: self = .end
    default: throw .unknownCommand(frame.kind, offset: frame.offset)
    }
  }

  @_lifetime(copy table)
  private static func subvolumeStart(
    _ table: borrowing AttributeTable, _ kind: CommandKind
  ) throws(StreamError) -> Command {
    let path = try table.bytes(.path)
    let uuid = try table.uuid(.uuid)
    let ctransid: UInt64 = try table.integer(.ctransid)
    guard kind == .snapshot else {
      return .subvolume(path: path, uuid: uuid, ctransid: ctransid)
    }
    return .snapshot(
      path: path, uuid: uuid, ctransid: ctransid, parentUUID: try table.uuid(.cloneUUID),
      parentCtransid: try table.integer(.cloneCtransid))
  }

  @_lifetime(copy table)
  private static func creation(
    _ table: borrowing AttributeTable, _ kind: CommandKind
  ) throws(StreamError) -> Command {
    let path = try table.bytes(.path)
    let inode: UInt64 = try table.integer(.inode)
    switch kind {
    case .makeFile: return .makeFile(path: path, inode: inode)
    case .makeDirectory: return .makeDirectory(path: path, inode: inode)
    case .symlink: return .symlink(path: path, inode: inode, target: try table.bytes(.pathLink))
    default: break
    }
    let device: UInt64 = try table.integer(.device)
    let mode: UInt64 = try table.integer(.mode)
    switch kind {
    case .makeFIFO: return .makeFIFO(path: path, inode: inode, device: device, mode: mode)
    case .makeSocket: return .makeSocket(path: path, inode: inode, device: device, mode: mode)
    default: return .makeNode(path: path, inode: inode, device: device, mode: mode)
    }
  }

  @_lifetime(copy table)
  private static func naming(
    _ table: borrowing AttributeTable, _ kind: CommandKind
  ) throws(StreamError) -> Command {
    let path = try table.bytes(.path)
    switch kind {
    case .rename: return .rename(path: path, to: try table.bytes(.pathTo))
    case .link: return .link(path: path, existing: try table.bytes(.pathLink))
    case .unlink: return .unlink(path: path)
    default: return .removeDirectory(path: path)
    }
  }

  @_lifetime(copy table)
  private static func contents(
    _ table: borrowing AttributeTable, _ kind: CommandKind
  ) throws(StreamError) -> Command {
    let path = try table.bytes(.path)
    if kind == .truncate { return .truncate(path: path, size: try table.integer(.size)) }
    let offset: UInt64 = try table.integer(.fileOffset)
    switch kind {
    case .write: return .write(path: path, offset: offset, data: try table.bytes(.data))
    case .updateExtent:
      return .updateExtent(path: path, offset: offset, size: try table.integer(.size))
    case .allocate:
      return .allocate(
        path: path, mode: try table.integer(.allocationMode), offset: offset,
        size: try table.integer(.size))
    case .clone:
      return .clone(
        path: path, offset: offset, length: try table.integer(.cloneLength),
        sourceUUID: try table.uuid(.cloneUUID), sourceCtransid: try table.integer(.cloneCtransid),
        sourcePath: try table.bytes(.clonePath), sourceOffset: try table.integer(.cloneOffset))
    default:
      let encoding = DataEncoding(
        unencodedFileLength: try table.integer(.unencodedFileLength),
        unencodedLength: try table.integer(.unencodedLength),
        unencodedOffset: try table.integer(.unencodedOffset),
        compression: try table.optionalInteger(.compression),
        encryption: try table.optionalInteger(.encryption))
      return .encodedWrite(
        path: path, offset: offset, encoding: encoding, data: try table.bytes(.data))
    }
  }

  @_lifetime(copy table)
  private static func metadata(
    _ table: borrowing AttributeTable, _ kind: CommandKind
  ) throws(StreamError) -> Command {
    let path = try table.bytes(.path)
    switch kind {
    case .setXattr:
      return .setXattr(
        path: path, name: try table.bytes(.xattrName), value: try table.bytes(.xattrData))
    case .removeXattr: return .removeXattr(path: path, name: try table.bytes(.xattrName))
    case .changeMode: return .changeMode(path: path, mode: try table.integer(.mode))
    case .changeOwner:
      return .changeOwner(path: path, uid: try table.integer(.uid), gid: try table.integer(.gid))
    case .setFileAttributes:
      return .setFileAttributes(path: path, flags: try table.integer(.fileAttributes))
    case .enableVerity:
      return .enableVerity(
        path: path, algorithm: try table.integer(.verityAlgorithm),
        blockSize: try table.integer(.verityBlockSize), salt: try table.bytes(.veritySalt),
        signature: try table.bytes(.veritySignature))
    default:
      return .setTimes(
        path: path, access: try table.time(.accessTime),
        modification: try table.time(.modificationTime), change: try table.time(.changeTime),
        creation: try table.optionalTime(.creationTime))
    }
  }
}
