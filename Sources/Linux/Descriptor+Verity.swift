internal import CLinux
internal import Glibc

extension Descriptor {
  /// Makes the file one whose contents the kernel verifies, and nobody can change any more
  /// (`FS_IOC_ENABLE_VERITY`).
  ///
  /// It has to be open for reading, and nowhere for writing (`ETXTBSY`).
  ///
  /// - Parameters:
  ///   - algorithm: `FS_VERITY_HASH_ALG_…`.
  ///   - blockSize: of the hash tree, in bytes.
  ///   - salt: in front of every block; may be empty.
  ///   - signature: of the file's digest; may be empty.
  /// - Throws: `ENOTTY` or `EOPNOTSUPP` where the kernel or the file system has no such thing.
  public func enableVerity(
    algorithm: UInt32, blockSize: UInt32, salt: RawSpan, signature: RawSpan
  ) throws(SystemError) {
    guard let saltSize = UInt32(exactly: salt.byteCount),
      let signatureSize = UInt32(exactly: signature.byteCount)
    else {
      throw SystemError(operation: "FS_IOC_ENABLE_VERITY", path: path, errno: .invalidArgument)
    }
    try unsafe salt.withUnsafeBytes { (salt) throws(SystemError) in
      try unsafe signature.withUnsafeBytes { (signature) throws(SystemError) in
        let (salt, signature) = (salt.baseAddress, signature.baseAddress)
        _ = try systemCall("FS_IOC_ENABLE_VERITY", .changes, path: path) {
          unsafe clinux_enable_verity(
            rawValue, algorithm, blockSize, salt, saltSize, signature, signatureSize)
        }
      }
    }
  }
}
