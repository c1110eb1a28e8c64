/// The number in a name such as `sys_root_v41`.
enum VersionName {
  /// The number, if a name is the prefix, `_v`, and a decimal number without leading zeros.
  static func version(in name: String, prefix: String) -> UInt64? {
    let start = prefix + "_v"
    guard name.hasPrefix(start) else { return nil }
    let digits = name.dropFirst(start.count)
    guard let version = UInt64(digits), String(version) == digits else { return nil }
    return version
  }
}
