internal import Bytes
internal import CCrypto

/// The owner of an `EVP_MD_CTX`.
///
/// libcrypto refuses to hash only when it has no memory or no SHA-2 at all; both leave nothing to
/// do but to stop, and neither depends on input.
@safe struct DigestContext<let byteCount: Int>: ~Copyable {
  private let context: OpaquePointer
  private let algorithm: OpaquePointer?

  init(_ algorithm: OpaquePointer?) {
    guard let context = unsafe EVP_MD_CTX_new() else {
      preconditionFailure("libcrypto: out of memory")
    }
    unsafe self.context = unsafe context
    unsafe self.algorithm = unsafe algorithm
    start()
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes {
      Self.check(unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count))
    }
  }

  func finalize() -> Digest<byteCount> {
    let digest = unsafe Digest<byteCount> {
      Self.check(unsafe EVP_DigestFinal_ex(context, $0, nil))
    }
    start()
    return digest
  }

  /// The digest of what came so far; more may come.
  func current() -> Digest<byteCount> {
    let copy = unsafe DigestContext(algorithm)
    Self.check(unsafe EVP_MD_CTX_copy_ex(copy.context, context))
    return copy.finalize()
  }

  private func start() {
    Self.check(unsafe EVP_DigestInit_ex(context, algorithm, nil))
  }

  private static func check(_ result: CInt) {
    guard result == 1 else { preconditionFailure("libcrypto cannot compute SHA-2 here") }
  }
}
