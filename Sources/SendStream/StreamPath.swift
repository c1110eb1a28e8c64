internal import Bytes

/// What a path in a stream has to look like before anything is done with it.
///
/// Paths are bytes: components between single slashes, relative to the subvolume's root.
public enum StreamPath {
  /// The longest path in bytes: `PATH_MAX` without its NUL.
  public static let maximumLength = 4095
  /// The longest component in bytes: `NAME_MAX`.
  public static let maximumComponentLength = 255

  /// Whether a path names something beneath the subvolume's root: no empty, `.` or `..` component,
  /// no NUL, no leading or trailing slash, within the limits. The empty path, the root itself, is
  /// not among them.
  public static func isBeneathRoot(_ path: RawSpan) -> Bool {
    guard path.byteCount > 0, path.byteCount <= maximumLength else { return false }
    var start = 0
    for at in 0...path.byteCount {
      if at < path.byteCount {
        let byte = unsafe path.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
        if byte == 0 { return false }
        if byte != UInt8(ascii: "/") { continue }
      }
      guard isComponent(path.extracting(start..<at)) else { return false }
      start = at + 1
    }
    return true
  }

  /// Whether a symbolic link can have such a target: not empty, no NUL, within the limits. It may lead
  /// anywhere: it is never followed.
  public static func isLinkTarget(_ target: RawSpan) -> Bool {
    target.byteCount > 0 && target.byteCount <= maximumLength && !target.contains(0)
  }

  private static func isComponent(_ name: RawSpan) -> Bool {
    let dot = UInt8(ascii: ".")
    switch name.byteCount {
    case 0: return false
    case 1:
      return unsafe name.unsafeLoad(fromUncheckedByteOffset: 0, as: UInt8.self) != dot
    case 2:
      return unsafe name.unsafeLoad(fromUncheckedByteOffset: 0, as: UInt8.self) != dot
        || name.unsafeLoad(fromUncheckedByteOffset: 1, as: UInt8.self) != dot
    default: return name.byteCount <= maximumComponentLength
    }
  }
}
