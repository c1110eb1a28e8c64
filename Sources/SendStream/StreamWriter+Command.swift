internal import Bytes

extension StreamWriter {
  /// Writes a command.
  ///
  /// - Throws: ``StreamError/attributeTooLong(_:length:)``; nothing of the command is written then.
  public mutating func write(_ command: borrowing Command) throws(StreamError) {
    beginCommand()
    do throws(StreamError) {
      endCommand(try attributes(of: command))
    } catch {
      cancelCommand()
      throw error
    }
  }

  /// Writes the attributes of a command in the kernel's order, and says its kind.
  private mutating func attributes(
    of command: borrowing Command
  ) throws(StreamError) -> CommandKind {
    switch copy command {
    case .subvolume(let path, let uuid, let ctransid):
      return try start(.subvolume, path, uuid, ctransid)
    case .snapshot(let path, let uuid, let ctransid, let parentUUID, let parentCtransid):
      _ = try start(.snapshot, path, uuid, ctransid)
      attribute(.cloneUUID, parentUUID)
      attribute(.cloneCtransid, parentCtransid)
      return .snapshot
    case .makeFile(let path, let inode): return try numbers(.makeFile, path, (.inode, inode))
    case .makeDirectory(let path, let inode):
      return try numbers(.makeDirectory, path, (.inode, inode))
    case .makeNode(let path, let inode, let device, let mode):
      return try numbers(.makeNode, path, (.inode, inode), (.device, device), (.mode, mode))
    case .makeFIFO(let path, let inode, let device, let mode):
      return try numbers(.makeFIFO, path, (.inode, inode), (.device, device), (.mode, mode))
    case .makeSocket(let path, let inode, let device, let mode):
      return try numbers(.makeSocket, path, (.inode, inode), (.device, device), (.mode, mode))
    case .symlink(let path, let inode, let target):
      _ = try numbers(.symlink, path, (.inode, inode))
      return try more(.symlink, .pathLink, target)
    case .rename(let path, let to): return try paths(.rename, path, .pathTo, to)
    case .link(let path, let existing):
      return try paths(.link, path, .pathLink, existing)
    case .unlink(let path): return try more(.unlink, .path, path)
    case .removeDirectory(let path): return try more(.removeDirectory, .path, path)
    case .setXattr(let path, let name, let value):
      _ = try paths(.setXattr, path, .xattrName, name)
      return try more(.setXattr, .xattrData, value)
    case .removeXattr(let path, let name):
      return try paths(.removeXattr, path, .xattrName, name)
    case .write(let path, let offset, let data):
      _ = try numbers(.write, path, (.fileOffset, offset))
      return try more(.write, .data, data)
    case .clone(
      let path, let offset, let length, let uuid, let ctransid, let sourcePath, let sourceOffset):
      attribute(.fileOffset, offset)
      attribute(.cloneLength, length)
      try attribute(.path, path)
      attribute(.cloneUUID, uuid)
      attribute(.cloneCtransid, ctransid)
      try attribute(.clonePath, sourcePath)
      attribute(.cloneOffset, sourceOffset)
      return .clone
    case .truncate(let path, let size): return try numbers(.truncate, path, (.size, size))
    case .changeMode(let path, let mode): return try numbers(.changeMode, path, (.mode, mode))
    case .changeOwner(let path, let uid, let gid):
      return try numbers(.changeOwner, path, (.uid, uid), (.gid, gid))
    case .setTimes(let path, let access, let modification, let change, let creation):
      try attribute(.path, path)
      attribute(.accessTime, access)
      attribute(.modificationTime, modification)
      attribute(.changeTime, change)
      if let creation { attribute(.creationTime, creation) }
      return .setTimes
    case .end: return .end
    case .updateExtent(let path, let offset, let size):
      return try numbers(.updateExtent, path, (.fileOffset, offset), (.size, size))
    case .allocate(let path, let mode, let offset, let size):
      try attribute(.path, path)
      attribute(.allocationMode, mode)
      attribute(.fileOffset, offset)
      attribute(.size, size)
      return .allocate
    case .setFileAttributes(let path, let flags):
      return try numbers(.setFileAttributes, path, (.fileAttributes, flags))
    case .encodedWrite(let path, let offset, let encoding, let data):
      _ = try numbers(.encodedWrite, path, (.fileOffset, offset))
      attributes(of: encoding)
      return try more(.encodedWrite, .data, data)
    case .enableVerity(let path, let algorithm, let blockSize, let salt, let signature):
      try attribute(.path, path)
      attribute(.verityAlgorithm, algorithm)
      attribute(.verityBlockSize, blockSize)
      try attribute(.veritySalt, salt)
      try attribute(.veritySignature, signature)
      return .enableVerity
    }
  }

  private mutating func start(
    _ kind: CommandKind, _ path: RawSpan, _ uuid: SubvolumeUUID, _ ctransid: UInt64
  ) throws(StreamError) -> CommandKind {
    try attribute(.path, path)
    attribute(.uuid, uuid)
    attribute(.ctransid, ctransid)
    return kind
  }

  private mutating func attributes(of encoding: DataEncoding) {
    attribute(.unencodedFileLength, encoding.unencodedFileLength)
    attribute(.unencodedLength, encoding.unencodedLength)
    attribute(.unencodedOffset, encoding.unencodedOffset)
    if let compression = encoding.compression { attribute(.compression, compression) }
    if let encryption = encoding.encryption { attribute(.encryption, encryption) }
  }

  private mutating func numbers(
    _ kind: CommandKind, _ path: RawSpan, _ numbers: (AttributeKind, UInt64)...
  ) throws(StreamError) -> CommandKind {
    try attribute(.path, path)
    for (attributeKind, value) in numbers { attribute(attributeKind, value) }
    return kind
  }

  private mutating func paths(
    _ kind: CommandKind, _ path: RawSpan, _ second: AttributeKind, _ value: RawSpan
  ) throws(StreamError) -> CommandKind {
    try attribute(.path, path)
    return try more(kind, second, value)
  }

  private mutating func more(
    _ kind: CommandKind, _ attributeKind: AttributeKind, _ value: RawSpan
  ) throws(StreamError) -> CommandKind {
    try attribute(attributeKind, value)
    return kind
  }
}
