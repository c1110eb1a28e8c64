internal import Bytes

extension DumpFormatter {
  /// Appends the line of a command, whose subvolume, if it makes one, is the current one already.
  func appendText(of command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .subvolume, .snapshot: appendStart(of: command, to: &line)
    case .makeFile, .makeDirectory, .makeNode, .makeFIFO, .makeSocket, .symlink:
      appendCreation(command, to: &line)
    case .rename, .link, .unlink, .removeDirectory: appendNaming(command, to: &line)
    case .setXattr, .removeXattr: appendXattr(command, to: &line)
    case .write, .clone, .truncate, .updateExtent, .allocate, .encodedWrite:
      appendContents(command, to: &line)
    case .changeMode, .changeOwner, .setTimes, .setFileAttributes, .enableVerity:
      appendMetadata(command, to: &line)
    case .end: break
    }
  }

  private func appendStart(of command: borrowing Command, to line: inout [UInt8]) {
    let start = line.count
    switch copy command {
    case .subvolume(_, let uuid, let ctransid):
      append(subvolume: "subvol", to: &line)
      appendGap(in: &line, from: start)
      line.append(text: "uuid=\(uuid) transid=\(ctransid)")
    case .snapshot(_, let uuid, let ctransid, let parentUUID, let parentCtransid):
      append(subvolume: "snapshot", to: &line)
      appendGap(in: &line, from: start)
      line.append(text: "uuid=\(uuid) transid=\(ctransid)")
      line.append(text: " parent_uuid=\(parentUUID) parent_transid=\(parentCtransid)")
    default: break
    }
  }

  private func appendCreation(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .makeFile(let path, _): append(name: "mkfile", path: path, to: &line)
    case .makeDirectory(let path, _): append(name: "mkdir", path: path, to: &line)
    case .makeNode(let path, _, let device, let mode):
      let mode = String(mode, radix: 8)
      let device = String(device, radix: 16)
      append("mknod", path, "mode=\(mode) dev=0x\(device)", to: &line)
    case .makeFIFO(let path, _, _, _): append(name: "mkfifo", path: path, to: &line)
    case .makeSocket(let path, _, _, _): append(name: "mksock", path: path, to: &line)
    case .symlink(let path, _, let target):
      append("symlink", path, "dest=", to: &line)
      line.append(escaping: target)
    default: break
    }
  }

  private func appendNaming(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .rename(let path, let newPath):
      append("rename", path, "dest=", to: &line)
      appendPath(newPath, to: &line)
    case .link(let path, let existing):
      append("link", path, "dest=", to: &line)
      line.append(escaping: existing)
    case .unlink(let path): append(name: "unlink", path: path, to: &line)
    case .removeDirectory(let path): append(name: "rmdir", path: path, to: &line)
    default: break
    }
  }

  private func appendXattr(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .setXattr(let path, let name, let value):
      append("set_xattr", path, "name=", to: &line)
      appendRaw(name, to: &line)
      line.append(text: " data=")
      appendRaw(value, to: &line)
      line.append(text: " len=\(value.byteCount)")
    case .removeXattr(let path, let name):
      append("remove_xattr", path, "name=", to: &line)
      appendRaw(name, to: &line)
    default: break
    }
  }

  private func appendContents(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .write(let path, let offset, let data):
      append("write", path, "offset=\(offset) len=\(data.byteCount)", to: &line)
    case .clone(let path, let offset, let length, _, _, let source, let sourceOffset):
      append("clone", path, "offset=\(offset) len=\(length) from=", to: &line)
      appendSource(source, to: &line)
      line.append(text: " clone_offset=\(sourceOffset)")
    case .truncate(let path, let size): append("truncate", path, "size=\(size)", to: &line)
    case .updateExtent(let path, let offset, let size):
      append("update_extent", path, "offset=\(offset) len=\(size)", to: &line)
    case .allocate(let path, let mode, let offset, let size):
      let mode = Int32(bitPattern: mode)
      append("fallocate", path, "mode=\(mode) offset=\(offset) len=\(size)", to: &line)
    case .encodedWrite(let path, let offset, let encoding, let data):
      append("encoded_write", path, "offset=\(offset) len=\(data.byteCount), ", to: &line)
      append(encoding, to: &line)
    default: break
    }
  }

  private func append(_ encoding: DataEncoding, to line: inout [UInt8]) {
    line.append(text: "unencoded_file_len=\(encoding.unencodedFileLength), ")
    line.append(text: "unencoded_len=\(encoding.unencodedLength), ")
    line.append(text: "unencoded_offset=\(encoding.unencodedOffset), ")
    line.append(text: "compression=\(encoding.compression ?? 0), ")
    line.append(text: "encryption=\(encoding.encryption ?? 0)")
  }

  private func appendMetadata(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .changeMode(let path, let mode):
      append("chmod", path, "mode=\(String(mode, radix: 8))", to: &line)
    case .changeOwner(let path, let uid, let gid):
      append("chown", path, "gid=\(gid) uid=\(uid)", to: &line)
    case .setTimes(let path, let access, let modification, let change, _):
      append("utimes", path, "atime=", to: &line)
      append(access, to: &line)
      line.append(text: " mtime=")
      append(modification, to: &line)
      line.append(text: " ctime=")
      append(change, to: &line)
    case .setFileAttributes(let path, let flags):
      // Decimal digits behind 0x are what btrfs-progs prints.
      append("fileattr", path, "fileattr=0x\(flags)", to: &line)
    case .enableVerity(let path, let algorithm, let blockSize, let salt, let signature):
      append("enable_verity", path, "algorithm=\(algorithm) block_size=\(blockSize)", to: &line)
      line.append(text: " salt_len=\(salt.byteCount) sig_len=\(signature.byteCount)")
    default: break
    }
  }

  private func append(
    _ name: String, _ path: RawSpan, _ text: String, to line: inout [UInt8]
  ) {
    let start = line.count
    append(name: name, path: path, to: &line)
    appendGap(in: &line, from: start)
    line.append(text: text)
  }
}

extension [UInt8] {
  fileprivate mutating func append(text: String) { append(contentsOf: text.utf8) }
}
