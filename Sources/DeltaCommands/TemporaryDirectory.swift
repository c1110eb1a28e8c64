internal import Glibc

/// Where large files are that are deleted at the end, and have no better place.
enum TemporaryDirectory {
  /// `TMPDIR`, or `/var/tmp`.
  static var path: String {
    guard let value = unsafe getenv("TMPDIR") else { return "/var/tmp" }
    let path = unsafe String(cString: value)
    return path.isEmpty ? "/var/tmp" : path
  }
}
