import Bytes
import Crypto
import Linux

/// All that a tree is, one line for each name, taken down by looking at it with nothing of the receiver.
struct TreeRecord {
  /// By path.
  private(set) var lines: [[UInt8]: String] = [:]
  /// Where files have data, by path: not the same wherever the contents are.
  private(set) var extents: [[UInt8]: String] = [:]
  private let hasRootTime: Bool
  private var firstNames: [UInt64: [UInt8]] = [:]

  /// - Parameters:
  ///   - root: the tree's root, opened for reading.
  ///   - hasRootTime: whether the root's modification time counts, which the kernel does not send
  ///     with every change of names in it.
  init(of root: borrowing Descriptor, hasRootTime: Bool = true) throws {
    self.hasRootTime = hasRootTime
    lines[[]] = try describe(root, [])
    try visit(root, [])
  }

  private mutating func visit(_ directory: borrowing Descriptor, _ path: [UInt8]) throws {
    let entries = try directory.entries().sorted { $0.name.lexicographicallyPrecedes($1.name) }
    for entry in entries {
      let place = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
      let named = try directory.open(beneath: entry.name, [.path, .noFollow])
      lines[place] = try describe(named, place)
      guard try named.status().type == .directory else { continue }
      try visit(directory.open(beneath: entry.name, .directory), place)
    }
  }

  private mutating func describe(
    _ named: borrowing Descriptor, _ path: [UInt8]
  ) throws -> String {
    let status = try named.status()
    var line =
      "\(status.type) \(String(status.permissions, radix: 8)) \(status.user):\(status.group)"
    if hasRootTime || !path.isEmpty { line += " mtime \(status.modificationTime)" }
    line += " device \(status.specialDevice)"
    for name in try named.attributeNames().sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      line += " \(String(decoding: name, as: UTF8.self))=\(try named.attribute(name) ?? [])"
    }
    if status.type != .directory {
      line += " links \(status.linkCount) size \(status.size)"
      // Directories' access times the kernel does not send with every change.
      line += " atime \(status.accessTime)"
      let first = firstNames[status.inode] ?? path
      firstNames[status.inode] = first
      line += " is \(first)"
    }
    if status.type == .symbolicLink { line += " to \(try named.symbolicLinkTarget())" }
    if status.type == .regular {
      let file = try named.reopened([.noAccessTime])
      let contents = try file.readToEnd(limit: 64 << 20)
      line += " \(SHA256.hash(contents.rawSpan))"
      extents[path] = try Self.extents(of: file)
    }
    return line
  }

  private static func extents(of file: borrowing Descriptor) throws -> String {
    var text = ""
    var at: UInt64 = 0
    while let data = try file.nextData(from: at) {
      let hole = try file.nextHole(from: data) ?? data
      text += " \(data)-\(hole)"
      if hole <= at { break }
      at = hole
    }
    return text
  }

  /// What is not in both alike.
  func differences(to other: TreeRecord, _ what: String) -> [String] {
    Self.differences(lines, other.lines, what)
  }

  /// Files whose data is not in the same places.
  func extentDifferences(to other: TreeRecord, _ what: String) -> [String] {
    Self.differences(extents, other.extents, what)
  }

  private static func differences(
    _ ones: [[UInt8]: String], _ others: [[UInt8]: String], _ what: String
  ) -> [String] {
    Set(ones.keys).union(others.keys).filter { ones[$0] != others[$0] }.map { path in
      let name = QuotedText.quoted(path)
      return "\(what): \(name): \(ones[path] ?? "missing") != \(others[path] ?? "missing")"
    }.sorted()
  }
}
