public import Bytes
public import Linux
public import SendStream

/// A command of a plain stream that cannot be carried out on a catalog: which, where, and why.
public struct CatalogReceiveError: Error, Equatable, Sendable {
  /// The command; `nil` if it was none: the stream ended too early, or the tree not be written.
  public var command: CommandKind?
  /// Where the command is in the plain stream.
  public var offset: UInt64
  /// The path that the command names first, as it is in the stream.
  public var path: [UInt8]
  /// Why.
  public var reason: Reason

  /// A failure.
  public init(command: CommandKind?, offset: UInt64, path: [UInt8], reason: Reason) {
    self.command = command
    self.offset = offset
    self.path = path
    self.reason = reason
  }

  /// Why a command is not carried out.
  public enum Reason: Error, Equatable, Sendable {
    /// A system call failed, on a temporary file or on a file of the parent.
    case system(SystemError)
    /// The command cannot be read.
    case stream(StreamError)
    /// A path is not one that streams have: see ``/SendStream/StreamPath``.
    case badPath([UInt8])
    /// What the kernel would answer: the name is missing, taken, or of something else.
    case refused(Errno, [UInt8])
    /// Data belongs in regular files only; this is something else.
    case notRegularFile(FileType)
    /// A CLONE from neither the parent nor the tree itself.
    case unknownCloneSource(SubvolumeUUID)
    /// A number that cannot be meant.
    case badValue(AttributeKind, UInt64)
    /// The name of an extended attribute is empty, too long, or has a NUL.
    case badAttributeName([UInt8])
    /// The target of a symbolic link is empty, too long, or has a NUL.
    case badLinkTarget
    /// No update carries commands of this kind.
    case unsupported
    /// SUBVOL or SNAPSHOT come first and once, END last.
    case outOfOrder
  }
}

extension CatalogReceiveError: CustomStringConvertible {
  /// One line: `write "usr/bin/x" at 4711: not a regular file but a FIFO`.
  public var description: String {
    guard let command else { return "\(reason)" }
    return "\(command) \(QuotedText.quoted(path)) at \(offset): \(reason)"
  }
}

extension CatalogReceiveError.Reason: CustomStringConvertible {
  /// The reason in words, on one line.
  public var description: String {
    switch self {
    case .system(let error): "\(error)"
    case .stream(let error): "\(error)"
    case .badPath(let path): "not a path of a stream: \(QuotedText.quoted(path))"
    case .refused(let errno, let path): "\(QuotedText.quoted(path)): \(errno)"
    case .notRegularFile(let type): "not a regular file but a \(type.words)"
    case .unknownCloneSource(let uuid): "no clone source with UUID \(uuid)"
    case .badValue(let attribute, let value): "\(attribute) cannot be \(value)"
    case .badAttributeName(let name):
      "not a name of an extended attribute: \(QuotedText.quoted(name))"
    case .badLinkTarget: "not a target of a symbolic link"
    case .unsupported: "no update has commands of this kind"
    case .outOfOrder: "out of order: SUBVOL or SNAPSHOT come first and once, END last"
    }
  }
}
