/// Why a key could not be had, or used.
public enum KeyError: Error, Equatable, Sendable {
  /// The file is longer than any key's (``PEMBlock/maximumLength``): its length in bytes.
  case tooLong(Int)
  /// There is no whole PEM block.
  case notPEM
  /// There are several PEM blocks: which one is meant is anyone's guess.
  case severalPEMBlocks
  /// A private key came where a public one was asked for.
  case privateKeyGiven
  /// A public key came where a private one was asked for.
  case publicKeyGiven
  /// The private key is protected by a passphrase; nobody is asked for one.
  case encrypted
  /// The PEM block is neither kind of key: its label.
  case unexpectedLabel(String)
  /// The key is of another algorithm, or not in the one form of an Ed25519 key.
  case notEd25519
  /// libcrypto failed at what it should be able to do.
  case libraryFailure
}

extension KeyError: CustomStringConvertible {
  /// One line for a terminal.
  public var description: String {
    switch self {
    case .tooLong(let count): "\(count) bytes are too long for a key"
    case .notPEM: "not a key in PEM form"
    case .severalPEMBlocks: "more than one PEM block"
    case .privateKeyGiven: "a private key, where a public one belongs"
    case .publicKeyGiven: "a public key, where a private one belongs"
    case .encrypted: "the private key is protected by a passphrase"
    case .unexpectedLabel(let label): "not a key, but \(Self.printable(label))"
    case .notEd25519: "not an Ed25519 key"
    case .libraryFailure: "libcrypto failed"
    }
  }

  /// A label comes from a file: nothing but plain characters reaches the terminal.
  private static func printable(_ label: String) -> String {
    let plain = label.unicodeScalars.prefix(40).map { 0x20..<0x7f ~= $0.value ? $0 : "?" }
    return String(String.UnicodeScalarView(plain))
  }
}
