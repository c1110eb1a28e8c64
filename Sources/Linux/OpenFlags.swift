internal import CLinux
internal import Glibc

/// How to open a file; close-on-exec goes without saying.
public struct OpenFlags: OptionSet, Hashable, Sendable {
  /// The `O_` bits.
  public let rawValue: CInt

  /// Flags from `O_` bits.
  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// `O_RDONLY`, which is no bit at all
  public static let readOnly: OpenFlags = []
  /// `O_WRONLY`
  public static let writeOnly = OpenFlags(rawValue: O_WRONLY)
  /// `O_RDWR`
  public static let readWrite = OpenFlags(rawValue: O_RDWR)
  /// `O_CREAT`
  public static let create = OpenFlags(rawValue: O_CREAT)
  /// `O_EXCL`: with ``create``, an existing file is an error
  public static let exclusive = OpenFlags(rawValue: O_EXCL)
  /// `O_TRUNC`
  public static let truncate = OpenFlags(rawValue: O_TRUNC)
  /// `O_APPEND`
  public static let append = OpenFlags(rawValue: O_APPEND)
  /// `O_DIRECTORY`: anything but a directory is an error
  public static let directory = OpenFlags(rawValue: O_DIRECTORY)
  /// `O_NOFOLLOW`: a symbolic link as the last component is an error, or with ``path`` is itself
  /// what is opened
  public static let noFollow = OpenFlags(rawValue: O_NOFOLLOW)
  /// `O_NONBLOCK`: opening a FIFO does not wait for its other end
  public static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
  /// `O_PATH`: only to name the file and for its metadata
  public static let path = OpenFlags(rawValue: clinux_o_path)
  /// `O_NOATIME`: reading leaves the access time alone; owner or root only
  public static let noAccessTime = OpenFlags(rawValue: clinux_o_noatime)
  /// `O_TMPFILE`: in the directory that is opened, a new file that has no name
  public static let unnamed = OpenFlags(rawValue: clinux_o_tmpfile)

  /// Whether opening so may change the file system.
  var effect: SystemCallEffect {
    isDisjoint(with: [.create, .truncate]) ? .reads : .changes
  }
}
