internal import Bytes
internal import SendStream

/// Commands as `btrfs receive -v` words them.
enum CommandNarration {
  /// One line, without its end; `nil` for those that it says nothing of: SUBVOL, SNAPSHOT and END.
  static func line(for command: borrowing Command) -> String? {
    switch copy command {
    case .makeFile(let path, _): "mkfile \(text(path))"
    case .makeDirectory(let path, _): "mkdir \(text(path))"
    case .makeNode(let path, _, let device, let mode):
      "mknod \(text(path)) mode=\(mode), dev=\(device)"
    case .makeFIFO(let path, _, _, _): "mkfifo \(text(path))"
    case .makeSocket(let path, _, _, _): "mksock \(text(path))"
    case .symlink(let path, _, let target): "symlink \(text(path)) -> \(text(target))"
    case .rename(let path, let new): "rename \(text(path)) -> \(text(new))"
    case .link(let path, let existing): "link \(text(path)) -> \(text(existing))"
    case .unlink(let path): "unlink \(text(path))"
    case .removeDirectory(let path): "rmdir \(text(path))"
    case .setXattr(let path, let name, let value):
      "set_xattr \(text(path)) - name=\(text(name)) data_len=\(value.byteCount) data=\(text(value))"
    case .removeXattr(let path, let name): "remove_xattr \(text(path)) - name=\(text(name))"
    case .changeMode(let path, let mode):
      "chmod \(text(path)) - mode=0\(String(mode, radix: 8))"
    case .changeOwner(let path, let uid, let gid): "chown \(text(path)) - uid=\(uid), gid=\(gid)"
    case .setTimes(let path, _, _, _, _): "utimes \(text(path))"
    case .setFileAttributes(let path, let flags): "fileattr \(text(path)) = 0x\(hex(flags))"
    case .enableVerity(let path, _, _, _, _): "enable_verity \(text(path))"
    case .subvolume, .snapshot, .end: nil
    default: lineOfData(command)
    }
  }

  private static func lineOfData(_ command: borrowing Command) -> String? {
    switch copy command {
    case .write(let path, let offset, let data):
      "write \(text(path)) - offset=\(offset) length=\(data.byteCount)"
    case .encodedWrite(let path, let offset, let encoding, let data):
      "encoded_write \(text(path)) - offset=\(offset), len=\(data.byteCount), "
        + "unencoded_offset=\(encoding.unencodedOffset), "
        + "unencoded_file_len=\(encoding.unencodedFileLength), "
        + "unencoded_len=\(encoding.unencodedLength), compression=\(encoding.compression ?? 0), "
        + "encryption=\(encoding.encryption ?? 0)"
    case .clone(let path, let offset, let length, _, _, let source, let sourceOffset):
      "clone \(text(path)) - source=\(text(source)) source offset=\(sourceOffset) "
        + "offset=\(offset) length=\(length)"
    case .truncate(let path, let size): "truncate \(text(path)) size=\(size)"
    case .updateExtent(let path, let offset, let size):
      "update_extent \(text(path)): offset=\(offset), len=\(size)"
    case .allocate(let path, let mode, let offset, let size):
      "fallocate \(text(path)) - offset=\(offset), len=\(size), mode=\(mode)"
    default: nil
    }
  }

  private static func text(_ bytes: RawSpan) -> String {
    QuotedText.oneLine(String(decoding: [UInt8](copying: bytes), as: UTF8.self))
  }

  private static func hex(_ value: UInt64) -> String { String(value, radix: 16) }
}
