internal import Bytes
internal import CCrypto

/// The one PEM block of a file: its label and the DER inside.
///
/// Nothing is decrypted, so nobody is ever asked for a passphrase.
@safe package struct PEMBlock: ~Copyable {
  /// The longest file that is looked at, in bytes.
  package static let maximumLength = 64 << 10

  /// What stands after `BEGIN`.
  package let label: String
  private let block: RawBlock

  /// Reads a PEM file.
  ///
  /// - Throws: ``KeyError/tooLong(_:)``, ``KeyError/notPEM``, ``KeyError/severalPEMBlocks``, or
  ///   ``KeyError/encrypted`` for a block with a `Proc-Type` of its own.
  package init(parsing file: RawSpan) throws(KeyError) {
    guard file.byteCount <= Self.maximumLength else { throw .tooLong(file.byteCount) }
    defer { ERR_clear_error() }
    let result = unsafe file.withUnsafeBytes { file -> Result<RawBlock, KeyError> in
      guard let input = unsafe BIO_new_mem_buf(file.baseAddress, CInt(file.count)) else {
        return unsafe .failure(.notPEM)
      }
      defer { unsafe BIO_free(input) }
      guard let first = unsafe RawBlock(reading: input) else { return unsafe .failure(.notPEM) }
      if let second = unsafe RawBlock(reading: input) {
        unsafe second.free()
        unsafe first.free()
        return unsafe .failure(.severalPEMBlocks)
      }
      if unsafe first.header[0] != 0 {
        unsafe first.free()
        return unsafe .failure(.encrypted)
      }
      return unsafe .success(first)
    }
    unsafe self.block = try result.get()
    self.label = unsafe String(cString: block.name)
  }

  deinit { unsafe block.free() }

  /// Lends the DER.
  package func withDER<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe body(UnsafeRawBufferPointer(start: block.data, count: block.length))
  }
}

/// What `PEM_read_bio` allocates.
@unsafe private struct RawBlock {
  let name: UnsafeMutablePointer<CChar>
  let header: UnsafeMutablePointer<CChar>
  let data: UnsafeMutablePointer<UInt8>
  let length: Int

  init?(reading input: OpaquePointer) {
    var name: UnsafeMutablePointer<CChar>?
    var header: UnsafeMutablePointer<CChar>?
    var data: UnsafeMutablePointer<UInt8>?
    var length = 0
    guard unsafe PEM_read_bio(input, &name, &header, &data, &length) == 1,
      let name = unsafe name, let header = unsafe header, let data = unsafe data
    else { return nil }
    unsafe (self.name, self.header, self.data, self.length) = unsafe (name, header, data, length)
  }

  /// Gives the memory back; what may be a private key is overwritten first.
  func free() {
    unsafe CRYPTO_free(name, #file, #line)
    unsafe CRYPTO_free(header, #file, #line)
    unsafe CRYPTO_clear_free(data, length, #file, #line)
  }
}
