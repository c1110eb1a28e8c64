internal import Linux
internal import Tree

extension PaxRecords {
  /// What `chattr` set, as libarchive and star write it: `SCHILY.fflags`, names with commas between
  /// them. Those that Linux does not have, or that belong to no tree, say nothing.
  var flags: InodeFlags {
    guard let text = value("SCHILY.fflags") else { return [] }
    return text.split(separator: UInt8(ascii: ",")).reduce(into: []) { flags, name in
      if let flag = Self.flags[Array(name)] { flags.insert(flag) }
    }
  }

  private static let flags: [[UInt8]: InodeFlags] = {
    let names: [(String, InodeFlags)] = [
      ("sync", .synchronous), ("dirsync", .synchronousDirectory), ("schg", .immutable),
      ("schange", .immutable), ("simmutable", .immutable), ("immutable", .immutable),
      ("sappnd", .appendOnly), ("sappend", .appendOnly), ("append", .appendOnly),
      ("nodump", .noDump), ("noatime", .noAccessTime), ("nocow", .noCopyOnWrite),
    ]
    return Dictionary(names.map { (Array($0.0.utf8), $0.1) }, uniquingKeysWith: { $1 })
  }()
}
