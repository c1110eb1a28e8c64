public import Bytes
public import Compression
public import Linux
public import SendStream

/// A command that was not carried out: which, on what, and why.
public struct ReceiveError: Error, Hashable, Sendable {
  /// The command; `nil` if it was none: the receiver could not be made, or not be finished.
  public var command: CommandKind?

  /// The path that the command names first, as it is in the stream.
  public var path: [UInt8]

  /// Why.
  public var reason: Reason

  /// A failure.
  public init(command: CommandKind?, path: [UInt8], reason: Reason) {
    self.command = command
    self.path = path
    self.reason = reason
  }

  /// Why a command is not carried out.
  public enum Reason: Error, Hashable, Sendable {
    /// A system call failed.
    case system(SystemError)
    /// A path is not one that streams have: see ``StreamPath``.
    case badPath([UInt8])
    /// A path leads out of the subvolume: through a symbolic link, onto another device, or into a
    /// nested subvolume.
    case notConfined([UInt8])
    /// Data belongs in regular files only; this is something else.
    case notRegularFile(FileType)
    /// No subvolume was given for the UUID.
    case unknownCloneSource(SubvolumeUUID)
    /// A number that cannot be meant: an owner or device past 32 bits, a type of node that is none,
    /// a nanosecond past the second, an unknown mode of allocation or compression, a clone of
    /// nothing, an encoded write whose parts do not fit together.
    case badValue(AttributeKind, UInt64)
    /// The name of an extended attribute is empty, too long, or has a NUL.
    case badAttributeName([UInt8])
    /// The target of a symbolic link is empty, too long, or has a NUL.
    case badLinkTarget
    /// The receiver does not carry out commands of this kind.
    case unsupported
    /// SUBVOL or SNAPSHOT come first and once, END last.
    case outOfOrder
    /// A command failed before: what is in the subvolume is not what the stream means.
    case failedBefore
    /// Compressed data that is not what the stream says.
    case badCompression(CompressionError)
    /// The kernel or the file system has no fs-verity.
    case verityNotSupported
  }
}

extension ReceiveError: CustomStringConvertible {
  /// One line: `write "usr/bin/x": not a regular file but a fifo`.
  public var description: String {
    guard let command else { return "\(reason)" }
    if path.isEmpty { return "\(command): \(reason)" }
    return "\(command) \(QuotedText.quoted(path)): \(reason)"
  }
}

extension ReceiveError.Reason: CustomStringConvertible {
  /// The reason in words, on one line.
  public var description: String {
    switch self {
    case .system(let error): "\(error)"
    case .badPath(let path): "not a path of a stream: \(QuotedText.quoted(path))"
    case .notConfined(let path):
      "leads out of the subvolume: \(QuotedText.quoted(path))"
    case .notRegularFile(let type): "not a regular file but a \(type.words)"
    case .unknownCloneSource(let uuid): "no clone source with UUID \(uuid)"
    case .badValue(let attribute, let value): "\(attribute) cannot be \(value)"
    case .badAttributeName(let name):
      "not a name of an extended attribute: \(QuotedText.quoted(name))"
    case .badLinkTarget: "not a target of a symbolic link"
    case .unsupported: "commands of this kind are not supported"
    case .outOfOrder: "out of order: SUBVOL or SNAPSHOT come first and once, END last"
    case .failedBefore: "a command failed before"
    case .badCompression(let error): "\(error)"
    case .verityNotSupported: "this kernel or file system has no fs-verity"
    }
  }
}

/// Runs what makes system calls; its error becomes a reason.
func system<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(ReceiveError.Reason) -> Result {
  do throws(SystemError) {
    return try body()
  } catch {
    throw .system(error)
  }
}
