/// The number in a name such as `sys_root_v41`.
enum VersionName {
  /// The number, if a path's last component is the prefix, `_v`, and a decimal number without
  /// leading zeros.
  static func version(of path: String, prefix: String) -> UInt64? {
    guard let name = path.split(separator: "/").last(where: { $0 != "." }) else { return nil }
    let start = prefix + "_v"
    guard name.hasPrefix(start) else { return nil }
    let digits = name.dropFirst(start.count)
    guard let version = UInt64(digits), String(version) == digits else { return nil }
    return version
  }
}
