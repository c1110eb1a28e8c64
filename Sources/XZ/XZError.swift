/// Why compressing or decompressing failed.
///
/// Offsets count the compressed bytes that the coder took since it was made or restarted; liblzma
/// takes whole buffers, so an offset says where the damage was noticed, not where it is.
public enum XZError: Error, Equatable, Sendable {
  /// Memory could not be allocated (`LZMA_MEM_ERROR`).
  case outOfMemory
  /// Decoding needs more memory than it was allowed (`LZMA_MEMLIMIT_ERROR`); both in bytes.
  case memoryLimitReached(needed: UInt64, limit: UInt64)
  /// The input does not start like an `.xz` file (`LZMA_FORMAT_ERROR`).
  case notXZ
  /// The input is damaged (`LZMA_DATA_ERROR`).
  case corrupt(offset: UInt64)
  /// The input ended before the Stream did.
  case truncated(offset: UInt64)
  /// The input needs a filter or a feature that liblzma lacks, or the encoder was asked for an
  /// option that does not exist (`LZMA_OPTIONS_ERROR`).
  case unsupportedOptions
  /// The input carries an integrity check that this liblzma cannot compute
  /// (`LZMA_UNSUPPORTED_CHECK`).
  case unsupportedCheck
  /// More was asked of a coder that was told that there is no more.
  case alreadyFinished
  /// liblzma returned something that it should not have: its `lzma_ret`.
  case unexpected(code: UInt32)
}

extension XZError: CustomStringConvertible {
  /// One line for a terminal.
  public var description: String {
    switch self {
    case .outOfMemory: "out of memory"
    case .memoryLimitReached(let needed, let limit):
      "decompressing needs \(needed) bytes of memory, and \(limit) are allowed"
    case .notXZ: "not in the .xz format"
    case .corrupt(let offset): "compressed data is corrupt, noticed at byte \(offset)"
    case .truncated(let offset): "compressed data ends too early, at byte \(offset)"
    case .unsupportedOptions: "unsupported compression options"
    case .unsupportedCheck: "unsupported kind of integrity check"
    case .alreadyFinished: "the coder is finished already"
    case .unexpected(let code): "liblzma returned the unexpected code \(code)"
    }
  }
}
