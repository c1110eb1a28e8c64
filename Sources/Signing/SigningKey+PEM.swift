internal import CCrypto
public import Crypto

extension SigningKey {
  /// The private key as PKCS #8 in PEM, not encrypted.
  ///
  /// The array is ordinary memory: write it where only its owner can read it, and let it go.
  ///
  /// - Throws: ``KeyError/libraryFailure``.
  public func privateKeyPEM() throws(KeyError) -> [UInt8] {
    try unsafe pem(in: BIO_s_secmem()) { output, key in
      unsafe PEM_write_bio_PKCS8PrivateKey(output, key, nil, nil, 0, nil, nil)
    }
  }

  /// The public key as `SubjectPublicKeyInfo` in PEM.
  ///
  /// - Throws: ``KeyError/libraryFailure``.
  public func publicKeyPEM() throws(KeyError) -> [UInt8] {
    try unsafe pem(in: BIO_s_mem()) { output, key in unsafe PEM_write_bio_PUBKEY(output, key) }
  }

  private func pem(
    in memory: OpaquePointer?, _ write: (OpaquePointer, OpaquePointer) -> CInt
  ) throws(KeyError) -> [UInt8] {
    defer { ERR_clear_error() }
    guard let output = unsafe BIO_new(memory) else { throw .libraryFailure }
    defer { unsafe BIO_free(output) }
    guard unsafe write(output, key) == 1 else { throw .libraryFailure }
    let count = unsafe Int(BIO_ctrl_pending(output))
    var text = [UInt8](repeating: 0, count: count)
    guard unsafe BIO_read(output, &text, CInt(count)) == CInt(count) else {
      throw .libraryFailure
    }
    return text
  }
}
