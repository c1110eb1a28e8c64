public import BinaryPatch
internal import Bytes
public import Linux
public import SendStream

/// Why a delta stream does not expand.
public enum DeltaStreamError: Error, Equatable {
  /// The framing, or one of btrfs's own commands, is wrong.
  case stream(StreamError)
  /// A command of a delta stream that this revision does not have, or that is out of its place.
  case unexpectedCommand(CommandKind, offset: UInt64)
  /// A second SUBVOL or SNAPSHOT: a delta stream makes exactly one subvolume.
  case severalSubvolumes(offset: UInt64)
  /// SUBVOL or SNAPSHOT names other subvolumes than the manifest.
  case otherSubvolume(offset: UInt64)
  /// An attribute of PATCH is missing, there twice, or not what it has to be.
  case malformedPatch(AttributeKind, offset: UInt64)
  /// A PATCH has more sources than ``PatchCommand/maximumSources``.
  case tooManySources(offset: UInt64)
  /// A path that leads out of the tree, or is none at all.
  case badPath(offset: UInt64)
  /// A write that ends behind ``NormalForm/maximumFileLength``.
  case offsetOverflow(offset: UInt64)
  /// A patch has a source in the new tree that is not written before it.
  case sourceNotWritten(path: [UInt8], offset: UInt64)
  /// A patch has the file that it writes as a source.
  case sourceIsTarget(offset: UInt64)
  /// What later patches may copy from, or what is opened, cannot be kept.
  case notKept(SystemError)
  /// An old file cannot be read.
  case source(path: [UInt8], SystemError)
  /// An old file is shorter than the patch says: this is not the parent that the patch was made
  /// against. Both in bytes from the file's start.
  case sourceTooShort(path: [UInt8], length: UInt64, needed: UInt64)
  /// The patch itself is wrong.
  case patch(PatchError, path: [UInt8], offset: UInt64)
  /// A patch of opened files cannot be read.
  case openedPatch(OpenedPatchError, path: [UInt8], offset: UInt64)
  /// A file cannot be opened, or what is inside cannot be made into it again.
  case opening(OpeningError, path: [UInt8])
}

extension DeltaStreamError: CustomStringConvertible {
  /// What is wrong and where, on one line.
  public var description: String {
    switch self {
    case .stream(let error): error.description
    case .unexpectedCommand(let kind, let offset): "\(kind) at byte \(offset) has no place here"
    case .severalSubvolumes(let offset): "a second subvolume begins at byte \(offset)"
    case .otherSubvolume(let offset):
      "the command at byte \(offset) names other subvolumes than the manifest"
    case .malformedPatch(let attribute, let offset):
      "the patch at byte \(offset) has a wrong \(attribute)"
    case .tooManySources(let offset): "the patch at byte \(offset) has too many sources"
    case .badPath(let offset): "the command at byte \(offset) has a path that leads nowhere"
    case .offsetOverflow(let offset): "the command at byte \(offset) writes past any file's end"
    case .sourceNotWritten(let path, let offset):
      "the patch at byte \(offset) copies from \(QuotedText.quoted(path)), which is not written yet"
    case .sourceIsTarget(let offset): "the patch at byte \(offset) copies from what it writes"
    case .notKept(let error): "a temporary file cannot be kept: \(error)"
    case .source(let path, let error):
      "old file \(QuotedText.quoted(path)) cannot be read: \(error)"
    case .sourceTooShort(let path, let length, let needed):
      "old file \(QuotedText.quoted(path)) has \(length) bytes, the patch needs \(needed)"
    case .patch(let error, let path, let offset):
      "the patch of \(QuotedText.quoted(path)) at byte \(offset) is wrong: \(error)"
    case .openedPatch(let error, let path, let offset):
      "the patch of \(QuotedText.quoted(path)) at byte \(offset) is wrong: \(error)"
    case .opening(let error, let path):
      "compressed data in \(QuotedText.quoted(path)) cannot be opened or made again: \(error)"
    }
  }
}
