internal import CCrypto

/// Computes SHA-256 of bytes that come in pieces (`EVP_sha256`).
public struct SHA256: ~Copyable {
  private let context: DigestContext<32>

  /// A hasher of nothing yet.
  public init() { unsafe context = DigestContext(EVP_sha256()) }

  /// Takes the next bytes.
  public mutating func update(_ bytes: RawSpan) { context.update(bytes) }

  /// The digest of all bytes taken; then the hasher starts anew, so one serves many messages.
  public mutating func finalize() -> SHA256Digest { context.finalize() }

  /// The digest of all bytes taken so far; the hasher goes on.
  public func digestSoFar() -> SHA256Digest { context.current() }

  /// The digest of one span of bytes.
  public static func hash(_ bytes: RawSpan) -> SHA256Digest {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finalize()
  }
}

/// Computes SHA-512 of bytes that come in pieces (`EVP_sha512`).
public struct SHA512: ~Copyable {
  private let context: DigestContext<64>

  /// A hasher of nothing yet.
  public init() { unsafe context = DigestContext(EVP_sha512()) }

  /// Takes the next bytes.
  public mutating func update(_ bytes: RawSpan) { context.update(bytes) }

  /// The digest of all bytes taken; then the hasher starts anew, so one serves many messages.
  public mutating func finalize() -> SHA512Digest { context.finalize() }

  /// The digest of one span of bytes.
  public static func hash(_ bytes: RawSpan) -> SHA512Digest {
    var hasher = SHA512()
    hasher.update(bytes)
    return hasher.finalize()
  }
}
