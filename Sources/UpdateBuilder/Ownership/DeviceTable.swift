internal import Linux
internal import Tree

/// A device table: what in a tree has other owners and permissions than it seems, and which device
/// nodes it has.
///
///     name    type  mode  uid  gid  major  minor  start  increment  count
///     /dev    d     755   0    0    -      -      -      -          -
///     /dev/tty c    666   0    5    5      0      0      1          4
struct DeviceTable {
  /// The most nodes that one table makes.
  static let maximumNodes = 1 << 16

  private enum Kind {
    /// One inode of that type.
    case inode(FileType)
    /// A directory and all below it.
    case recursive
  }

  private struct Line {
    var number: Int
    var path: [UInt8]
    var kind: Kind
    var permissions: UInt32?
    var user: UInt32?
    var group: UInt32?
    var device: UInt64
    /// What is appended to the path: nothing, or numbers from `start` on.
    var start: UInt32
    var increment: UInt32
    var count: UInt32
    var major: UInt32
    var minor: UInt32
  }

  private let file: String
  private var lines: [Line] = []

  /// Reads a table.
  init(_ bytes: [UInt8], file: String) throws(OwnershipError) {
    self.file = file
    var nodes = 0
    for (index, text) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      let fields = text.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        .map { String(decoding: $0, as: UTF8.self) }
      guard let first = fields.first, !first.hasPrefix("#") else { continue }
      do throws(OwnershipError.Reason) {
        let line = try Self.line(fields, index + 1)
        nodes += Int(line.count)
        if nodes > Self.maximumNodes { throw .tooMany(limit: Self.maximumNodes) }
        lines.append(line)
      } catch { throw OwnershipError(file: file, line: index + 1, error) }
    }
  }

  private static func line(
    _ fields: [String], _ number: Int
  ) throws(OwnershipError.Reason) -> Line {
    guard (5...10).contains(fields.count) else { throw .fields }
    func value(_ index: Int, _ name: String, radix: Int = 10) throws(OwnershipError.Reason)
      -> UInt32?
    {
      guard index < fields.count, fields[index] != "-", fields[index] != "-1" else { return nil }
      guard let value = UInt32(fields[index], radix: radix), fields[index].first != "+",
        value != .max
      else { throw .number(field: name) }
      return value
    }
    let (path, kind) = (try path(fields[0]), try kind(fields[1]))
    let mode = try value(2, "mode", radix: 8)
    if let mode, mode > 0o7777 { throw .number(field: "mode") }
    let (major, minor) = (try value(5, "major") ?? 0, try value(6, "minor") ?? 0)
    return Line(
      number: number, path: path, kind: kind, permissions: mode,
      user: try value(3, "uid"), group: try value(4, "gid"),
      device: DeviceNumber(major: major, minor: minor).specialDevice,
      start: try value(7, "start") ?? 0,
      increment: try value(8, "increment") ?? 0, count: try value(9, "count") ?? 0, major: major,
      minor: minor)
  }

  private static func kind(_ text: String) throws(OwnershipError.Reason) -> Kind {
    switch text {
    case "f": .inode(.regular)
    case "d": .inode(.directory)
    case "l": .inode(.symbolicLink)
    case "c": .inode(.characterDevice)
    case "b": .inode(.blockDevice)
    case "p": .inode(.fifo)
    case "s": .inode(.socket)
    case "r": .recursive
    default: throw .type(text)
    }
  }

  /// `/dev/null` as the catalog has it.
  private static func path(_ text: String) throws(OwnershipError.Reason) -> [UInt8] {
    guard text.hasPrefix("/") else { throw .path(text) }
    let components = text.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if text == "/" { return [] }
    for component in components {
      let isName =
        !component.isEmpty && !component.elementsEqual(".".utf8)
        && !component.elementsEqual("..".utf8)
      if !isName { throw .path(text) }
    }
    return Array(text.utf8.dropFirst())
  }

  // MARK: Following it

  /// The tree as the table says.
  func apply(to catalog: TreeCatalog) throws(OwnershipError) -> TreeCatalog {
    var editor = CatalogEditor(catalog)
    for line in lines {
      do throws(OwnershipError.Reason) { try Self.apply(line, to: &editor) } catch {
        throw OwnershipError(file: file, line: line.number, error)
      }
    }
    return editor.catalog()
  }

  private static func apply(
    _ line: Line, to editor: inout CatalogEditor
  ) throws(OwnershipError.Reason) {
    switch line.kind {
    case .recursive:
      guard let top = editor.inode(line.path) else { throw .missing(path: line.path) }
      guard editor.inodes[top].type == .directory else { throw .otherType(path: line.path) }
      for inode in editor.inodes(below: line.path) { set(line, &editor.inodes[inode]) }
    case .inode(let type) where line.count == 0:
      try apply(line, type, at: line.path, line.device, to: &editor)
    case .inode(let type):
      for step in 0..<line.count {
        let (number, overflow) = line.start.addingReportingOverflow(step)
        let (offset, tooFar) = step.multipliedReportingOverflow(by: line.increment)
        let (minor, tooMuch) = line.minor.addingReportingOverflow(offset)
        if overflow || tooFar || tooMuch { throw .number(field: "count") }
        try apply(
          line, type, at: line.path + Array(String(number).utf8),
          DeviceNumber(major: line.major, minor: minor).specialDevice,
          to: &editor)
      }
    }
  }

  private static func apply(
    _ line: Line, _ type: FileType, at path: [UInt8], _ device: UInt64,
    to editor: inout CatalogEditor
  ) throws(OwnershipError.Reason) {
    // Without root, an empty file may stand for a device node or FIFO.
    let isMade = type.isDevice || type == .fifo || type == .socket
    let index: Int
    if let found = editor.inode(path) {
      index = found
      let old = editor.inodes[found]
      guard old.type == type || isMade && old.type == .regular && old.size == 0 else {
        throw .otherType(path: path)
      }
    } else {
      guard isMade || type == .directory else { throw .missing(path: path) }
      index = try editor.add(path, type, permissions: type == .directory ? 0o755 : 0o644)
    }
    editor.inodes[index].type = type
    editor.inodes[index].specialDevice = type.isDevice ? device : 0
    set(line, &editor.inodes[index])
  }

  private static func set(_ line: Line, _ inode: inout TreeInode) {
    if let permissions = line.permissions, inode.type != .symbolicLink {
      inode.permissions = permissions
    }
    if let user = line.user { inode.user = user }
    if let group = line.group { inode.group = group }
  }
}
