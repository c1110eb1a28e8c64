internal import CLinux
internal import Glibc

/// A system error number.
public struct Errno: RawRepresentable, Error, Hashable, Sendable {
  /// The number, as `errno` holds it.
  public let rawValue: CInt

  /// An error number.
  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// The number that the last failed call of this thread left behind.
  package static var current: Errno { Errno(rawValue: Glibc.errno) }
}

extension Errno: CustomStringConvertible {
  /// The system's text for the number (`strerror_r`).
  public var description: String {
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe strerror_r(rawValue, &text, text.count) == 0 else { return "error \(rawValue)" }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension Errno {
  /// `EPERM`
  public static let notPermitted = Errno(rawValue: EPERM)
  /// `ENOENT`
  public static let noSuchFile = Errno(rawValue: ENOENT)
  /// `EINTR`
  public static let interrupted = Errno(rawValue: EINTR)
  /// `EIO`
  public static let inputOutput = Errno(rawValue: EIO)
  /// `E2BIG`
  public static let tooManyArguments = Errno(rawValue: E2BIG)
  /// `EBADF`
  public static let badDescriptor = Errno(rawValue: EBADF)
  /// `EAGAIN`, the same number as `EWOULDBLOCK`
  public static let wouldBlock = Errno(rawValue: EAGAIN)
  /// `ENOMEM`
  public static let noMemory = Errno(rawValue: ENOMEM)
  /// `EACCES`
  public static let accessDenied = Errno(rawValue: EACCES)
  /// `EBUSY`
  public static let busy = Errno(rawValue: EBUSY)
  /// `EEXIST`
  public static let fileExists = Errno(rawValue: EEXIST)
  /// `EXDEV`
  public static let crossDevice = Errno(rawValue: EXDEV)
  /// `ENODEV`
  public static let noDevice = Errno(rawValue: ENODEV)
  /// `ENOTDIR`
  public static let notDirectory = Errno(rawValue: ENOTDIR)
  /// `EISDIR`
  public static let isDirectory = Errno(rawValue: EISDIR)
  /// `EINVAL`
  public static let invalidArgument = Errno(rawValue: EINVAL)
  /// `EMFILE`
  public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
  /// `ENOTTY`
  public static let noSuchControl = Errno(rawValue: ENOTTY)
  /// `EFBIG`
  public static let fileTooLarge = Errno(rawValue: EFBIG)
  /// `ENOSPC`
  public static let noSpace = Errno(rawValue: ENOSPC)
  /// `EROFS`
  public static let readOnlyFileSystem = Errno(rawValue: EROFS)
  /// `EPIPE`
  public static let brokenPipe = Errno(rawValue: EPIPE)
  /// `ERANGE`
  public static let range = Errno(rawValue: ERANGE)
  /// `ENAMETOOLONG`
  public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
  /// `ENOSYS`
  public static let notImplemented = Errno(rawValue: ENOSYS)
  /// `ENOTEMPTY`
  public static let directoryNotEmpty = Errno(rawValue: ENOTEMPTY)
  /// `ELOOP`
  public static let tooManySymbolicLinks = Errno(rawValue: ELOOP)
  /// `ENODATA`
  public static let noData = Errno(rawValue: ENODATA)
  /// `EOVERFLOW`
  public static let overflow = Errno(rawValue: EOVERFLOW)
  /// `EOPNOTSUPP`
  public static let notSupported = Errno(rawValue: EOPNOTSUPP)
  /// `EDQUOT`
  public static let quotaExceeded = Errno(rawValue: EDQUOT)
  /// `ESTALE`
  public static let stale = Errno(rawValue: ESTALE)
  /// `ECANCELED`
  public static let canceled = Errno(rawValue: ECANCELED)
  /// `ESPIPE`: a pipe has no position.
  public static let notSeekable = Errno(rawValue: ESPIPE)
  /// `ENXIO`
  public static let noSuchAddress = Errno(rawValue: ENXIO)
}
