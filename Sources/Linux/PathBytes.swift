internal import Bytes
internal import CLinux
internal import Glibc

/// A name or path: bytes without a NUL, borrowed (`RawSpan`), owned (`[UInt8]`), or UTF-8 text.
///
/// Names in a file system are bytes, not text.
public protocol PathBytes: ~Escapable {
  /// Lends the bytes.
  func withPathBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension RawSpan: PathBytes {
  /// Lends the bytes.
  public func withPathBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(self)
  }
}

extension [UInt8]: PathBytes {
  /// Lends the bytes.
  public func withPathBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(rawSpan)
  }
}

extension String: PathBytes {
  /// Lends the text's UTF-8.
  public func withPathBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = Array(utf8)
    return try body(bytes.rawSpan)
  }
}

/// What a path may look like.
enum PathRule {
  /// One component: not empty, not `.` or `..`, no slash. The kernel is then never asked to walk.
  case name
  /// Components between single slashes, none of them `.` or `..`; or empty: the directory itself.
  case beneath
  /// Anything but empty.
  case any

  /// Why the path is refused without asking the kernel.
  func refusal(of path: RawSpan) -> Errno? {
    if path.byteCount == 0 { return self == .beneath ? nil : .noSuchFile }
    if path.byteCount >= PathLimit.path { return .nameTooLong }
    var start = 0
    for at in 0...path.byteCount {
      let isEnd = at == path.byteCount
      if !isEnd, path[at] == 0 { return .invalidArgument }
      guard isEnd || path[at] == UInt8(ascii: "/") else { continue }
      if self == .name, !isEnd { return .invalidArgument }
      if self != .any, let refusal = Self.refusal(ofComponent: path.extracting(start..<at)) {
        return refusal
      }
      start = at + 1
    }
    return nil
  }

  private static func refusal(ofComponent name: RawSpan) -> Errno? {
    if name.byteCount == 0 { return .invalidArgument }
    if name.byteCount > PathLimit.name { return .nameTooLong }
    let dot = UInt8(ascii: ".")
    if name.byteCount == 1, name[0] == dot { return .invalidArgument }
    if name.byteCount == 2, name[0] == dot, name[1] == dot { return .invalidArgument }
    return nil
  }
}

/// The kernel's limits on names.
public enum PathLimit {
  /// The longest name of one component, in bytes: `NAME_MAX`.
  public static let name = 255
  /// A path has fewer bytes than this: `PATH_MAX`.
  public static let path = 4096
}

/// A path as C takes it, lent to a closure.
@safe package struct CPath {
  /// The bytes and their terminating NUL.
  let pointer: UnsafePointer<UInt8>

  /// The directory that it is relative to, for error messages.
  let directory: String?

  /// The same, as C names its type.
  package var characters: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self)
  }

  /// The path for error messages.
  package var text: String {
    let path = unsafe String(cString: pointer)
    return directory.map { "\($0)/\(path)" } ?? path
  }
}

/// Checks a path, and lends it to C.
func withCPath<Result: ~Copyable>(
  _ path: some PathBytes & ~Escapable, _ rule: PathRule, _ operation: StaticString,
  in directory: String? = nil,
  _ body: (CPath) throws(SystemError) -> Result
) throws(SystemError) -> Result {
  try path.withPathBytes { (bytes: RawSpan) throws(SystemError) -> Result in
    // The empty path is the directory itself, which the kernel spells with a dot.
    var terminated = bytes.byteCount == 0 ? [UInt8(ascii: ".")] : [UInt8](copying: bytes)
    terminated.append(0)
    let refusal = rule.refusal(of: bytes)
    return try unsafe terminated.span.withUnsafeBufferPointer {
      (buffer) throws(SystemError) -> Result in
      guard let start = buffer.baseAddress else {
        throw SystemError(operation: operation.description, path: "", errno: .invalidArgument)
      }
      let path = unsafe CPath(pointer: start, directory: directory)
      if let refusal {
        throw SystemError(operation: operation.description, path: path.text, errno: refusal)
      }
      return try body(path)
    }
  }
}

extension String {
  /// The text of a name's bytes; what is not UTF-8 becomes replacement characters.
  init(copying bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension Descriptor {
  /// Checks the name of an entry of this directory, and lends it to C with its terminating NUL.
  package func withName<Result: ~Copyable>(
    _ name: some PathBytes & ~Escapable, _ operation: StaticString,
    _ body: (CPath) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    try withCPath(name, .name, operation, in: path, body)
  }
}
