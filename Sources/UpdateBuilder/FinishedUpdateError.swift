public import Crypto
public import Linux
public import UpdateFile

/// Why an update file got no further signature.
public enum FinishedUpdateError: Error {
  /// A system call failed.
  case system(SystemError)
  /// It is no update file, its payload is damaged, or it has as many signatures as it can have.
  case updateFile(UpdateFileError)
  /// A key does not sign.
  case key(KeyError)
  /// A signature is not one of this update by the key.
  case wrongSignature(keyID: SHA256Digest)
  /// The key has signed the update already.
  case alreadySigned(keyID: SHA256Digest)
  /// The file ends before the update does.
  case truncated
  /// The file goes on behind the update's end.
  case trailingBytes
}

extension FinishedUpdateError: CustomStringConvertible {
  /// What failed and why: one line.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .updateFile(let error): error.description
    case .key(let error): "signing failed: \(error)"
    case .wrongSignature(let keyID): "not a signature of this update by key \(keyID)"
    case .alreadySigned(let keyID): "key \(keyID) has signed the update already"
    case .truncated: "the file ends too early: copy it again"
    case .trailingBytes: "the file goes on behind the update's end: it is not as it was made"
    }
  }
}
