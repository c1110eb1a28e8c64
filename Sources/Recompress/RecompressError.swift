public import XZ

/// Why a region cannot be opened or rebuilt.
///
/// Offsets of compressed bytes count from the region's start, those of recipes from the recipe's.
public enum RecompressError: Error, Equatable, Sendable {
  /// The source could not be read.
  case readFailed(offset: UInt64)
  /// The spill, or what takes the result, could not be written.
  case writeFailed(offset: UInt64)
  /// The compressed bytes end too early.
  case truncated(offset: UInt64)
  /// The compressed bytes are not what their format allows.
  case corrupt(offset: UInt64)
  /// More bytes come out than is allowed.
  case tooLong(limit: UInt64)
  /// More memory is needed than is allowed; both in bytes.
  case tooMuchMemory(needed: UInt64, limit: UInt64)
  /// The recipe cannot be read: a cut one, or one with a value that does not exist.
  case badRecipe(offset: Int)
  /// There is no recipe of this number.
  case unknownRecipe(number: UInt8)
  /// The recipe does not fit the opened bytes: it names tokens past their end.
  case recipeMismatch(offset: UInt64)
  /// The recipe needs another version of a library than there is.
  case wrongLibrary(needed: String, found: String)
  /// liblzma refused.
  case xz(XZError)
  /// libzstd refused, for the reason that it names.
  case zstd(String)
}

extension RecompressError: CustomStringConvertible {
  /// One line for a terminal.
  public var description: String {
    switch self {
    case .readFailed(let offset): "cannot read at byte \(offset)"
    case .writeFailed(let offset): "cannot write at byte \(offset)"
    case .truncated(let offset): "compressed data ends too early, at byte \(offset)"
    case .corrupt(let offset): "compressed data is corrupt at byte \(offset)"
    case .tooLong(let limit): "more than \(limit) bytes come out"
    case .tooMuchMemory(let needed, let limit):
      "\(needed) bytes of memory needed, and \(limit) are allowed"
    case .badRecipe(let offset): "bad recompression recipe, at its byte \(offset)"
    case .unknownRecipe(let number): "unknown recompression recipe \(number)"
    case .recipeMismatch(let offset): "the recipe does not fit the opened bytes at \(offset)"
    case .wrongLibrary(let needed, let found): "\(needed) needed, and this is \(found)"
    case .xz(let error): "xz: \(error)"
    case .zstd(let reason): "zstd: \(reason)"
    }
  }
}
