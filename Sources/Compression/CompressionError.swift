/// Why compressed data does not decompress.
public enum CompressionError: Error, Hashable, Sendable {
  /// The data is not what it is said to be.
  ///
  /// - Parameter offset: where in the data that shows, as far as the library says.
  case damaged(offset: Int)
  /// The data ends too early.
  case truncated(length: Int)
  /// The data decompresses to more than there is room for.
  case tooLong(limit: Int)
  /// There is no memory for the decoder.
  case outOfMemory
}

extension CompressionError: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .damaged(let offset): "the compressed data is damaged (at byte \(offset))"
    case .truncated(let length): "the compressed data ends too early, after \(length) bytes"
    case .tooLong(let limit): "the data decompresses to more than \(limit) bytes"
    case .outOfMemory: "no memory to decompress"
    }
  }
}
