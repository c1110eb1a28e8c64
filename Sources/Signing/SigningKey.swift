internal import Bytes
internal import CCrypto
public import Crypto

/// A private Ed25519 key, as `openssl genpkey -algorithm ed25519` makes it.
///
/// libcrypto holds it and overwrites it at the end; it never asks for a passphrase. Signing does
/// not change the key, so that several threads may sign.
@safe public final class SigningKey: @unchecked Sendable {
  let key: OpaquePointer
  /// The public half.
  public let verificationKey: VerificationKey

  private init(owning key: OpaquePointer) throws(KeyError) {
    var raw = [UInt8](repeating: 0, count: 32)
    var count = raw.count
    guard unsafe EVP_PKEY_get_raw_public_key(key, &raw, &count) == 1, count == raw.count else {
      unsafe EVP_PKEY_free(key)
      throw .libraryFailure
    }
    do throws(KeyError) {
      verificationKey = try VerificationKey(rawRepresentation: raw.rawSpan)
    } catch {
      unsafe EVP_PKEY_free(key)
      throw error
    }
    unsafe self.key = unsafe key
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// A new key from libcrypto's random generator.
  ///
  /// - Throws: ``KeyError/libraryFailure``.
  public static func generate() throws(KeyError) -> SigningKey {
    defer { ERR_clear_error() }
    let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil)
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard unsafe EVP_PKEY_keygen_init(context) == 1,
      unsafe EVP_PKEY_keygen(context, &key) == 1, let key = unsafe key
    else { throw .libraryFailure }
    return try unsafe SigningKey(owning: key)
  }

  /// The key in a PEM file with nothing but one `PRIVATE KEY` block, PKCS #8 and not encrypted
  /// (and text around it).
  ///
  /// - Throws: ``KeyError``.
  public convenience init(pem file: RawSpan) throws(KeyError) {
    defer { ERR_clear_error() }
    let block = try PEMBlock(parsing: file)
    switch block.label {
    case "PRIVATE KEY": break
    case "ENCRYPTED PRIVATE KEY": throw .encrypted
    case "PUBLIC KEY": throw .publicKeyGiven
    case let label where label.hasSuffix(" PRIVATE KEY"): throw .notEd25519
    default: throw .unexpectedLabel(block.label)
    }
    let key = unsafe block.withDER { der -> OpaquePointer? in
      guard let start = unsafe der.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
        return nil
      }
      var end: UnsafePointer<UInt8>? = unsafe start
      let key = unsafe d2i_AutoPrivateKey(nil, &end, der.count)
      let isWhole = unsafe end == start + der.count
      if unsafe isWhole && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 { return unsafe key }
      unsafe EVP_PKEY_free(key)
      return nil
    }
    guard let key = unsafe key else { throw .notEd25519 }
    try unsafe self.init(owning: key)
  }

  /// The 64 bytes of the signature of `message` (`EVP_DigestSign`, PureEdDSA): the same each time.
  ///
  /// - Throws: ``KeyError/libraryFailure``.
  public func signature(for message: RawSpan) throws(KeyError) -> [UInt8] {
    defer { ERR_clear_error() }
    let context = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: VerificationKey.signatureLength)
    var count = signature.count
    guard unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1 else {
      throw .libraryFailure
    }
    let result = unsafe message.withUnsafeBytes {
      unsafe EVP_DigestSign(
        context, &signature, &count, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
    }
    guard result == 1, count == signature.count else { throw .libraryFailure }
    return signature
  }
}
