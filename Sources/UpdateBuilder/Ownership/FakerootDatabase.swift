internal import Linux
internal import Tree

/// What `fakeroot -s` saved: lines such as
/// `dev=1b,ino=26021385,mode=20644,uid=0,gid=0,nlink=1,rdev=259`, where `dev` is hexadecimal and `mode`
/// octal.
///
/// As under fakeroot itself, what it does not list belongs to root.
struct FakerootDatabase {
  private struct Key: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  private struct Value {
    var line: Int
    var type: FileType
    var permissions: UInt32
    var user: UInt32
    var group: UInt32
    var specialDevice: UInt64
  }

  private let file: String
  private var values: [Key: Value] = [:]

  /// Reads a database.
  init(_ bytes: [UInt8], file: String) throws(OwnershipError) {
    self.file = file
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      do throws(OwnershipError.Reason) {
        let (key, value) = try Self.value(String(decoding: line, as: UTF8.self), index + 1)
        values[key] = value
      } catch { throw OwnershipError(file: file, line: index + 1, error) }
    }
  }

  private static func value(
    _ text: String, _ line: Int
  ) throws(OwnershipError.Reason) -> (Key, Value) {
    var fields: [Substring: Substring] = [:]
    for field in text.split(separator: ",") {
      guard let equals = field.firstIndex(of: "=") else { throw .fields }
      fields[field[..<equals]] = field[field.index(after: equals)...]
    }
    func number<Number: FixedWidthInteger>(
      _ name: Substring, radix: Int = 10, _ type: Number.Type = Number.self
    ) throws(OwnershipError.Reason) -> Number {
      guard let text = fields[name] else { throw .fields }
      guard let value = Number(text, radix: radix), text.first != "+", text.first != "-" else {
        throw .number(field: String(name))
      }
      return value
    }
    let mode: UInt32 = try number("mode", radix: 8)
    guard let type = FileType(rawValue: mode & 0o170000), mode <= 0o177777 else {
      throw .number(field: "mode")
    }
    let value = Value(
      line: line, type: type, permissions: mode & 0o7777, user: try number("uid"),
      group: try number("gid"), specialDevice: try number("rdev"))
    return (Key(device: try number("dev", radix: 16), inode: try number("ino")), value)
  }

  /// The tree as it was under fakeroot.
  func apply(to catalog: TreeCatalog) throws(OwnershipError) -> TreeCatalog {
    var result = catalog
    var isSeen = [Bool](repeating: false, count: catalog.inodes.count)
    var found = 0
    for entry in catalog.entries where !isSeen[entry.inode] {
      isSeen[entry.inode] = true
      guard let value = values[try key(of: entry, in: catalog)] else {
        (result.inodes[entry.inode].user, result.inodes[entry.inode].group) = (0, 0)
        continue
      }
      found += 1
      do throws(OwnershipError.Reason) {
        try Self.set(value, &result.inodes[entry.inode], entry.path)
      } catch { throw OwnershipError(file: file, line: value.line, error) }
    }
    if found == 0, !values.isEmpty { throw OwnershipError(file: file, line: 0, .otherTree) }
    return result
  }

  private func key(
    of entry: TreeCatalog.Entry, in catalog: TreeCatalog
  ) throws(OwnershipError) -> Key {
    do throws(SystemError) {
      let status = try catalog.root.directory.open(beneath: entry.path, [.path, .noFollow]).status()
      return Key(device: status.device, inode: status.inode)
    } catch {
      // A name that an archive has and its files do not.
      if error.errno == .noSuchFile { return Key(device: 0, inode: 0) }
      throw OwnershipError(file: file, line: 0, .system(error))
    }
  }

  private static func set(
    _ value: Value, _ inode: inout TreeInode, _ path: [UInt8]
  ) throws(OwnershipError.Reason) {
    if value.type != inode.type {
      // An empty file stands for what only root can make; anything else was made later, with a
      // number that was free again.
      let isMade = value.type != .directory && value.type != .symbolicLink
      guard inode.type == .regular, inode.size == 0, isMade else { throw .otherType(path: path) }
      inode.type = value.type
    }
    if inode.type != .symbolicLink { inode.permissions = value.permissions }
    (inode.user, inode.group) = (value.user, value.group)
    inode.specialDevice = inode.type.isDevice ? value.specialDevice : 0
  }
}
