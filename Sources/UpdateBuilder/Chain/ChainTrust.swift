public import Crypto

/// Whose updates a chain may be made of.
public enum ChainTrust: Sendable {
  /// Those that one of these keys signed; of no keys, none.
  case keys([VerificationKey])
  /// Anybody's: what they hold is compared with what they say, and no more.
  case anybody
}
