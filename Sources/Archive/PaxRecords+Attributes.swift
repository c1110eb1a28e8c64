internal import Tree

extension PaxRecords {
  /// The extended attributes that the records say, in the order of their names.
  ///
  /// GNU tar and star write `SCHILY.xattr.NAME`, GNU tar with `%25` for `%` and `%3D` for `=` in the name;
  /// libarchive writes `LIBARCHIVE.xattr.NAME` with the value in Base64, and the other form
  /// beside it, without coding. Access control lists are attributes, too.
  func attributes(isDirectory: Bool) throws(ArchiveError.Reason) -> [TreeAttribute] {
    var values: [[UInt8]: [UInt8]] = [:]
    try addLists(isDirectory, to: &values)
    if let label = value("RHT.security.selinux") {
      values[Array("security.selinux".utf8)] = label + [0]
    }
    let coded = try codedAttributes(after: Self.libarchive) { (name, value) in
      guard let decoded = Base64.decode(value) else { return nil }
      return (Self.unescape(name), decoded)
    }
    let plain =
      coded.isEmpty ? try codedAttributes(after: Self.schily) { (Self.unescape($0), $1) } : []
    for (name, value) in coded + plain { values[name] = value }
    var attributes: [TreeAttribute] = []
    for (name, value) in values where !name.starts(with: "trusted.".utf8) {
      guard value.count <= ArchiveLimits.attributeValue else { throw .attributeTooLong(name) }
      guard Self.isName(name) else { throw .attributeName(name) }
      if Self.isMinimalList(name, value) { continue }
      attributes.append(TreeAttribute(name: name, value: value))
    }
    return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  private static let schily = Array("SCHILY.xattr.".utf8)
  private static let libarchive = Array("LIBARCHIVE.xattr.".utf8)

  private func addLists(
    _ isDirectory: Bool, to values: inout [[UInt8]: [UInt8]]
  ) throws(ArchiveError.Reason) {
    var kinds = [("SCHILY.acl.access", AccessControlList.accessName)]
    if isDirectory { kinds.append(("SCHILY.acl.default", AccessControlList.defaultName)) }
    for (key, name) in kinds {
      // The attribute itself says more, and needs no names of users.
      let isThere = all.contains { $0.key == Self.schily + name }
      guard !isThere, let text = value(key) else { continue }
      values[name] = try AccessControlList(text: text).attributeValue
    }
  }

  private func codedAttributes(
    after prefix: [UInt8], _ decode: ([UInt8], [UInt8]) -> ([UInt8], [UInt8])?
  ) throws(ArchiveError.Reason) -> [([UInt8], [UInt8])] {
    var found: [([UInt8], [UInt8])] = []
    for record in all where record.key.starts(with: prefix) {
      guard let pair = decode(Array(record.key.dropFirst(prefix.count)), record.value) else {
        throw .extendedValue(key: record.key)
      }
      found.append(pair)
    }
    return found
  }

  /// A name that Linux has room for: in one of its name spaces, without a NUL.
  private static func isName(_ name: [UInt8]) -> Bool {
    let spaces = ["user.", "security.", "system.", "btrfs."]
    return name.count <= ArchiveLimits.attributeName && !name.contains(0)
      && spaces.contains { name.starts(with: $0.utf8) && name.count > $0.utf8.count }
  }

  /// Whether it is an access control list that says no more than permissions do: the kernel keeps
  /// none.
  private static func isMinimalList(_ name: [UInt8], _ value: [UInt8]) -> Bool {
    name == AccessControlList.accessName && value.count <= AccessControlList.minimalLength
  }

  /// Replaces `%XX`.
  private static func unescape(_ name: [UInt8]) -> [UInt8] {
    guard name.contains(0x25) else { return name }
    var out: [UInt8] = []
    var at = 0
    while at < name.count {
      if name[at] == 0x25, at + 2 < name.count,
        let code = UInt8(String(decoding: name[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
      {
        out.append(code)
        at += 3
      } else {
        out.append(name[at])
        at += 1
      }
    }
    return out
  }
}
