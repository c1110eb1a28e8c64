internal import Linux

/// A member's name as a path below the root.
enum MemberPath {
  /// The path: components with one slash between, empty for the root.
  ///
  /// `./` in front, doubled slashes, components `.` and a slash at the end say nothing.
  static func path(_ name: [UInt8]) throws(ArchiveError.Reason) -> [UInt8] {
    guard let first = name.first else { throw .emptyName }
    if first == slash { throw .absoluteName }
    if name.contains(0) { throw .nulInName }
    var path: [UInt8] = []
    path.reserveCapacity(name.count)
    for component in name.split(separator: slash) where !component.elementsEqual(".".utf8) {
      if component.elementsEqual("..".utf8) { throw .dotDot }
      if component.count > PathLimit.name { throw .nameTooLong }
      if !path.isEmpty { path.append(slash) }
      path += component
    }
    guard path.count < PathLimit.path else { throw .nameTooLong }
    return path
  }

  /// The directory that a path is in; empty for the root.
  static func parent(of path: [UInt8]) -> [UInt8] {
    guard let at = path.lastIndex(of: slash) else { return [] }
    return Array(path[..<at])
  }

  /// The last component.
  static func name(of path: [UInt8]) -> [UInt8] {
    guard let at = path.lastIndex(of: slash) else { return path }
    return Array(path[(at + 1)...])
  }

  static let slash = UInt8(ascii: "/")
}
