internal import Bytes
internal import CCrypto

/// A public Ed25519 key, as `openssl pkey -pubout` writes it.
public struct VerificationKey: Hashable, Sendable {
  /// How many bytes a signature has.
  public static let signatureLength = 64

  /// How many bytes the `SubjectPublicKeyInfo` of a key has.
  public static let subjectPublicKeyInfoLength = 44

  /// `SubjectPublicKeyInfo` of an Ed25519 key, up to the key itself (RFC 8410): it has no variants.
  private static let prefixDER: [UInt8] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]

  /// The key's own 32 bytes; no digest, but just as many bytes.
  private let raw: Digest<32>
  /// SHA-256 of the key's `SubjectPublicKeyInfo` in DER.
  public let keyID: SHA256Digest

  /// A key from its own 32 bytes (RFC 8032).
  ///
  /// - Throws: ``KeyError/notEd25519`` if there are more or less of them.
  public init(rawRepresentation: RawSpan) throws(KeyError) {
    guard let raw = Digest<32>(copying: rawRepresentation) else { throw .notEd25519 }
    self.raw = raw
    let info = Self.prefixDER + raw.bytes
    self.keyID = SHA256.hash(info.rawSpan)
  }

  /// A key from its `SubjectPublicKeyInfo` in DER, of which there is one form (RFC 8410).
  ///
  /// - Throws: ``KeyError/notEd25519`` for any other bytes.
  public init(subjectPublicKeyInfo: RawSpan) throws(KeyError) {
    let prefix = Self.prefixDER
    guard subjectPublicKeyInfo.byteCount == Self.subjectPublicKeyInfoLength,
      subjectPublicKeyInfo.extracting(first: prefix.count).hasSameBytes(as: prefix.rawSpan)
    else { throw .notEd25519 }
    try self.init(
      rawRepresentation: subjectPublicKeyInfo.extracting(droppingFirst: prefix.count))
  }

  /// The key in a PEM file with nothing but one `PUBLIC KEY` block (and text around it).
  ///
  /// - Throws: ``KeyError``.
  public init(pem file: RawSpan) throws(KeyError) {
    let block = try PEMBlock(parsing: file)
    switch block.label {
    case "PUBLIC KEY": break
    case let label where label.hasSuffix("PRIVATE KEY"): throw .privateKeyGiven
    default: throw .unexpectedLabel(block.label)
    }
    let raw = unsafe block.withDER { der -> Digest<32>? in
      let prefix = Self.prefixDER
      guard unsafe der.starts(with: prefix) else { return nil }
      let key = unsafe UnsafeRawBufferPointer(rebasing: der[prefix.count...])
      return unsafe Digest<32>(copying: key.bytes)
    }
    guard let raw else { throw .notEd25519 }
    try self.init(rawRepresentation: raw.rawSpan)
  }

  /// The key's own 32 bytes.
  public var rawRepresentation: [UInt8] { raw.bytes }

  /// The key's `SubjectPublicKeyInfo` in DER: ``subjectPublicKeyInfoLength`` bytes.
  public var subjectPublicKeyInfo: [UInt8] { Self.prefixDER + raw.bytes }

  /// Whether this key's private half signed `message` so (`EVP_DigestVerify`, PureEdDSA).
  ///
  /// A signature of another length than ``signatureLength``, or a key that is no point of the
  /// curve, is as wrong as any other.
  public func verifies(signature: RawSpan, message: RawSpan) -> Bool {
    guard signature.byteCount == Self.signatureLength else { return false }
    defer { ERR_clear_error() }
    let key = unsafe raw.rawSpan.withUnsafeBytes {
      unsafe EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nil, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
    }
    defer { unsafe EVP_PKEY_free(key) }
    let context = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(context) }
    guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
    return unsafe signature.withUnsafeBytes { signature in
      unsafe message.withUnsafeBytes { message in
        unsafe EVP_DigestVerify(
          context, signature.baseAddress?.assumingMemoryBound(to: UInt8.self), signature.count,
          message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1
      }
    }
  }
}
