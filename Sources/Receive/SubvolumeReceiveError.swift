public import Bytes
public import Linux

/// Why a stream was not received, or not all of it.
public enum SubvolumeReceiveError: Error, Hashable, Sendable {
  /// The directory to receive into is not on btrfs.
  case notBtrfs(path: String)
  /// There is something of the subvolume's name already.
  case exists(name: [UInt8])
  /// Somebody else is receiving a subvolume of that name into the same directory.
  case busy(name: [UInt8])
  /// A command of a subvolume comes before SUBVOL or SNAPSHOT, or after END.
  case outOfOrder
  /// The stream ended before its END: the subvolume is not whole.
  case incomplete(name: [UInt8])
  /// No subvolume of the file system has the UUID, neither as its own nor as that of what it was
  /// received from.
  case parentMissing(SubvolumeUUID)
  /// The subvolume with the UUID was changed since it was received, so that what is received would
  /// not be what was sent.
  case parentChanged(SubvolumeUUID, path: [UInt8])
  /// The subvolume with the UUID is outside of the root mount that was given, and the file system's
  /// top level could not be mounted.
  case parentUnreachable(SubvolumeUUID, path: [UInt8], SystemError)
  /// A command was not carried out.
  case command(ReceiveError)
  /// Something else failed.
  case system(SystemError)
}

extension SubvolumeReceiveError: CustomStringConvertible {
  /// One line.
  public var description: String {
    switch self {
    case .notBtrfs(let path): "\(QuotedText.quoted(path)) is not on btrfs"
    case .exists(let name):
      "creating subvolume \(QuotedText.quoted(name)) failed: File exists"
    case .busy(let name): "subvolume \(QuotedText.quoted(name)) is being received already"
    case .outOfOrder: "a command outside of a subvolume: SUBVOL or SNAPSHOT come first"
    case .incomplete(let name):
      "unexpected end of the stream: subvolume \(QuotedText.quoted(name)) is not complete"
    case .parentMissing(let uuid):
      "cannot find parent subvolume: none has, or was received from, UUID \(uuid)"
    case .parentChanged(let uuid, let path):
      "parent subvolume \(QuotedText.quoted(path)) (UUID \(uuid)) was changed since it was received"
    case .parentUnreachable(let uuid, let path, let error):
      "parent subvolume \(QuotedText.quoted(path)) (UUID \(uuid)) cannot be reached; --root-mount can "
        + "name a mount of the file system that it is beneath: \(error)"
    case .command(let error): "\(error)"
    case .system(let error): "\(error)"
    }
  }
}

/// Makes system calls whose errors are those of receiving a subvolume.
func attempt<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(SubvolumeReceiveError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
