/// A path as a key of tables: its slashes are NULs, so that the order of the bytes is that of a catalog.
struct PathKey: Hashable {
  let bytes: [UInt8]

  init(_ path: [UInt8]) {
    let hasSlash = path.contains(MemberPath.slash)
    bytes = hasSlash ? path.map { $0 == MemberPath.slash ? 0 : $0 } : path
  }

  /// The path.
  var path: [UInt8] {
    bytes.contains(0) ? bytes.map { $0 == 0 ? MemberPath.slash : $0 } : bytes
  }

  /// All at once: an array hashes each byte for itself.
  func hash(into hasher: inout Hasher) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}
