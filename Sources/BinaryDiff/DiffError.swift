/// Why no patch can be made.
public enum DiffError: Error, Equatable, Sendable {
  /// The sources together are too long for 32-bit offsets.
  case sourcesTooLong(byteCount: Int, limit: Int)
  /// Sorting the suffixes failed, with libdivsufsort's return code: -2 is no memory.
  case sortFailed(code: Int)
}
