internal import Bytes
internal import CommandSupport
internal import Crypto
internal import Linux
internal import Signing

/// Keys in the files that the command line names.
enum KeyFiles {
  /// No key file is longer than this, in bytes.
  private static let limit = 64 << 10

  /// The private keys of PEM files.
  static func signingKeys(_ paths: [String]) throws -> [SigningKey] {
    try paths.map { path in
      let bytes = try read(path)
      do throws(KeyError) { return try SigningKey(pem: bytes.rawSpan) } catch {
        throw CommandFailure(.badKey, "\"\(path)\" is not a private key to sign with: \(error)")
      }
    }
  }

  /// The public keys of PEM files.
  static func verificationKeys(_ paths: [String]) throws -> [VerificationKey] {
    try paths.map { path in
      let bytes = try read(path)
      do throws(KeyError) { return try VerificationKey(pem: bytes.rawSpan) } catch {
        throw CommandFailure(.badKey, "\"\(path)\" is not a public key: \(error)")
      }
    }
  }

  /// The IDs of keys that are given as public keys in PEM files, or by the ID itself.
  static func keyIDs(_ arguments: [String]) throws -> [SHA256Digest] {
    try arguments.map { argument in
      if let keyID = SHA256Digest(hex: argument) { return keyID }
      return try verificationKeys([argument])[0].keyID
    }
  }

  private static func read(_ path: String) throws -> [UInt8] {
    do throws(SystemError) {
      let file = try Descriptor.open(path)
      return try file.readToEnd(limit: limit)
    } catch { throw CommandFailure(.badKey, "the key cannot be read: \(error)") }
  }
}
