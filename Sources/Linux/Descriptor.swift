internal import CLinux
internal import Glibc

/// An open file, directory, pipe or socket; closed when the value ends.
///
/// Every descriptor is close-on-exec. Calls on it that a signal interrupts are made again.
public struct Descriptor: ~Copyable, Sendable {
  /// The number that the kernel knows it by; valid as long as this value lives.
  public let rawValue: CInt

  /// What was opened, for error messages.
  public let path: String

  /// Whether it only names a file (`O_PATH`): its data cannot be reached through it.
  public let isPathOnly: Bool

  /// Takes over an open descriptor, which this value then closes.
  public init(adopting rawValue: CInt, path: String, isPathOnly: Bool = false) {
    self.rawValue = rawValue
    self.path = path
    self.isPathOnly = isPathOnly
  }

  deinit {
    // An error of close says nothing that fsync would not have said before.
    _ = Glibc.close(rawValue)
  }

  /// Another descriptor for the same open file (`fcntl F_DUPFD_CLOEXEC`).
  public func duplicate() throws(SystemError) -> Descriptor {
    try Descriptor(duplicating: rawValue, path: path, isPathOnly: isPathOnly)
  }

  /// A descriptor for the same open file as `rawValue`, which stays its owner's
  /// (`fcntl F_DUPFD_CLOEXEC`).
  public init(
    duplicating rawValue: CInt, path: String, isPathOnly: Bool = false
  ) throws(SystemError) {
    let copy = try systemCall("fcntl", .reads, path: path) { clinux_duplicate(rawValue) }
    self.init(adopting: copy, path: path, isPathOnly: isPathOnly)
  }

  /// Standard input, duplicated.
  public static func standardInput() throws(SystemError) -> Descriptor {
    try Descriptor(duplicating: STDIN_FILENO, path: "standard input")
  }

  /// Standard output, duplicated.
  public static func standardOutput() throws(SystemError) -> Descriptor {
    try Descriptor(duplicating: STDOUT_FILENO, path: "standard output")
  }

  /// Whether it is a terminal (`isatty`).
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// A path by which calls that take only paths reach the open file; it is not a symbolic link to
  /// them, so also a symbolic link's own inode is reached. Needs `/proc`.
  var procPath: String { "/proc/self/fd/\(rawValue)" }
}
