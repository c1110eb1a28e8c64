internal import Crypto
internal import UpdateBuilder

extension ChainTrust {
  /// What `--public-key` and `--unverified` say.
  init(_ publicKeys: [String], isUnverified: Bool) throws {
    self = isUnverified ? .anybody : .keys(try KeyFiles.verificationKeys(publicKeys))
  }
}
