internal import XZ

extension UpdateFileError {
  /// Runs something that fails like liblzma, and fails like an update file.
  static func wrapping<R: ~Copyable>(
    _ body: () throws(XZError) -> R
  ) throws(UpdateFileError) -> R {
    do throws(XZError) { return try body() } catch { throw .xz(error) }
  }
}
