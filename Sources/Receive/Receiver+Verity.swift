internal import Linux
internal import SendStream

extension Receiver {
  /// Makes the kernel verify a file's contents from now on.
  func enableVerity(
    _ path: RawSpan, _ algorithm: UInt8, _ blockSize: UInt32, _ salt: RawSpan,
    _ signature: RawSpan
  ) throws(ReceiveError.Reason) {
    // The file must be open nowhere for writing, also not by another of its names.
    tree.closeFiles()
    let file = try tree.file(path, .read)
    do throws(SystemError) {
      try file.descriptor.enableVerity(
        algorithm: UInt32(algorithm), blockSize: blockSize, salt: salt, signature: signature)
    } catch {
      if error.errno == .noSuchControl || error.errno == .notSupported {
        throw .verityNotSupported
      }
      throw .system(error)
    }
  }
}
