internal import Bytes

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Hashable, Sendable {
  /// The call, by its C name: `open`, `BTRFS_IOC_SEND`.
  public var operation: String

  /// What it was called on, for people to read.
  ///
  /// Names are bytes; those that are not UTF-8 come with replacement characters.
  public var path: String

  /// Why it failed.
  public var errno: Errno

  /// A failed call.
  public init(operation: String, path: String, errno: Errno) {
    self.operation = operation
    self.path = path
    self.errno = errno
  }
}

extension SystemError: CustomStringConvertible {
  /// `open "x": No such file or directory`
  ///
  /// One line, whatever the name holds: quotes, backslashes and control characters are escaped.
  public var description: String {
    "\(operation) \(QuotedText.quoted(path)): \(errno)"
  }
}
